package eventstore

import (
	"bytes"
	"regexp"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"

	"tillstream/infra/eventstore/eventlog"
)

// defaultSearchWindow stands in when a client limits the search by count, as in KurrentDB.
const defaultSearchWindow = 32

// filter chooses events of $all by type or by stream name, each by prefixes or by a regular expression (RE2).
type filter struct {
	byType   bool
	prefixes [][]byte
	regex    *regexp.Regexp
	// interval is how many events are looked at between two checkpoints.
	interval uint64
}

// parseFilter gives nil when the request filters nothing.
func parseFilter(o *streams.ReadReq_Options) (*filter, error) {
	switch v := o.GetFilterOption().(type) {
	case *streams.ReadReq_Options_NoFilter:
		return nil, nil
	case *streams.ReadReq_Options_Filter:
		return newFilter(v.Filter)
	}
	return nil, invalid("'None' is not a valid filter option")
}

func newFilter(o *streams.ReadReq_Options_FilterOptions) (*filter, error) {
	f := &filter{}
	var e *streams.ReadReq_Options_FilterOptions_Expression
	switch v := o.GetFilter().(type) {
	case *streams.ReadReq_Options_FilterOptions_EventType:
		f.byType, e = true, v.EventType
	case *streams.ReadReq_Options_FilterOptions_StreamIdentifier:
		e = v.StreamIdentifier
	default:
		return nil, invalid("a filter must be by event type or by stream name")
	}
	if e.GetRegex() == "" && len(e.GetPrefix()) == 0 {
		return nil, invalid("a filter needs prefixes or a regular expression")
	}
	if e.GetRegex() != "" {
		regex, err := regexp.Compile(e.GetRegex())
		if err != nil {
			return nil, invalid("filter expression: %v", err)
		}
		f.regex = regex
	}
	for _, p := range e.GetPrefix() {
		f.prefixes = append(f.prefixes, []byte(p))
	}
	return f, f.window(o)
}

func (f *filter) window(o *streams.ReadReq_Options_FilterOptions) error {
	window := uint64(defaultSearchWindow)
	switch v := o.GetWindow().(type) {
	case *streams.ReadReq_Options_FilterOptions_Max:
		if v.Max == 0 {
			return invalid("the search window of a filter must be positive")
		}
		window = uint64(v.Max)
	case *streams.ReadReq_Options_FilterOptions_Count:
	default:
		return invalid("'None' is not a valid search window")
	}
	f.interval = window * uint64(o.GetCheckpointIntervalMultiplier())
	return nil
}

// matches is true for every event when there is no filter.
func (f *filter) matches(r *eventlog.Record) bool {
	if f == nil {
		return true
	}
	subject := r.Stream
	if f.byType {
		subject = r.Type
	}
	if f.regex != nil {
		return f.regex.Match(subject)
	}
	for _, p := range f.prefixes {
		if bytes.HasPrefix(subject, p) {
			return true
		}
	}
	return false
}
