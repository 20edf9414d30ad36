package projections

import "slices"

// Rules names what a view folds, sorted: event types, each with the index it goes by if it does, and * for every type.
// Two versions of a view that differ in this hear different facts.
func (v View[V]) Rules() []string {
	var names []string
	for wire, rules := range v.rules {
		for _, r := range rules {
			switch {
			case r.wire == "": // one of any, which stands behind each
			case r.index != "":
				names = append(names, wire+" by "+r.index)
			default:
				names = append(names, wire)
			}
		}
	}
	if len(v.any) > 0 {
		names = append(names, "*")
	}
	slices.Sort(names)
	return names
}
