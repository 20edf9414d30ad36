package aggregates

import (
	"fmt"
	"slices"
)

// wordOf is a status as states are kept and shown: a word, so that no number changes its meaning when one comes between.
func wordOf[S ~int](words []string, s S) ([]byte, error) {
	if int(s) < 0 || int(s) >= len(words) {
		return nil, fmt.Errorf("%d is none of the statuses %q", int(s), words)
	}
	return []byte(words[s]), nil
}

func statusOf[S ~int](words []string, b []byte) (S, error) {
	i := slices.Index(words, string(b))
	if i < 0 {
		return 0, fmt.Errorf("%q is none of the statuses %q", b, words)
	}
	return S(i), nil
}
