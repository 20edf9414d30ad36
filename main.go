// Till is the one binary of Tillstream: the platform, its parts, and the tools of its operators.
package main

func main() {}
