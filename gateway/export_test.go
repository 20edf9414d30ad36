package gateway

// Marked is the views as the gateway reads them.
func Marked(v Views) Views { return v.marked() }
