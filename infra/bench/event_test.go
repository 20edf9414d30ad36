package bench

import "testing"

func TestWhatWasLostDoubledOrChangedIsSeen(t *testing.T) {
	of := func(writer int, n uint64) []byte { return newPayload(256).event(writer, n).data }
	changed := of(1, 1)
	changed[200]++
	for name, c := range map[string]struct {
		stored [][]byte
		sound  bool
	}{
		"whole":     {[][]byte{of(0, 0), of(1, 0), of(1, 1), of(0, 1)}, true},
		"lost":      {[][]byte{of(0, 0), of(1, 0), of(1, 1)}, false},
		"doubled":   {[][]byte{of(0, 0), of(1, 0), of(1, 0), of(1, 1), of(0, 1)}, false},
		"disorder":  {[][]byte{of(0, 1), of(0, 0), of(1, 0), of(1, 1)}, false},
		"changed":   {[][]byte{of(0, 0), of(1, 0), changed, of(0, 1)}, false},
		"cut":       {[][]byte{of(0, 0), of(1, 0), of(1, 1), of(0, 1)[:40]}, false},
		"strangers": {[][]byte{of(0, 0), of(1, 0), of(1, 1), of(0, 1), of(7, 0)}, false},
	} {
		tally := tally{make([]uint64, 2)}
		var err error
		for _, data := range c.stored {
			if err == nil {
				err = tally.visit(data)
			}
		}
		if err == nil {
			err = sameCounts(tally.next, []uint64{2, 2})
		}
		if (err == nil) != c.sound {
			t.Errorf("%s: %v", name, err)
		}
	}
}
