package onlineretail

import (
	"slices"
	"testing"

	"tillstream/projections"
)

func TestEveryViewIsCompared(t *testing.T) {
	c := &comparison{plan: plan(t, "536365 85123A 6 2010-12-01T08:26 2.55 17850")}
	compared := []string{projections.AuditLog.Name} // which is read before all others
	for _, s := range c.every() {
		compared = append(compared, s.name())
	}
	for _, view := range projections.Views() {
		if !slices.Contains(compared, view.Name) {
			t.Errorf("%s is not compared with the file", view.Name)
		}
	}
}

// What a file implies depends on it alone.
func TestARehearsalTellsTheSameFactsAgain(t *testing.T) {
	p := plan(t,
		"536365 85123A 6 2010-12-01T08:26 2.55 17850",
		"536365 POST 1 2010-12-01T08:26 18 17850",
		"C536366 85123A -6 2010-12-01T09:00 2.55 17850",
		"536367 22752 2 2010-12-01T10:00 7.65 17850",
		"C536368 22752 -1 2010-12-02T10:00 7.65 17850",
		"C536369 22752 -9 2010-12-02T11:00 7.65 -",
		"536370 22752 -1 2010-12-02T12:00 0 - lost",
		"A536371 B 1 2010-12-02T13:00 11062.06 -")
	play := func() (told []string) {
		r := newRehearsal(p, newLogbook(), func(day []rehearsed) error {
			for _, f := range day {
				told = append(told, f.ID+" "+f.Type()+" "+f.Stream)
			}
			return nil
		})
		if err := rehearse(t.Context(), p, "MAIN", r); err != nil {
			t.Fatal(err)
		}
		return told
	}
	first, again := play(), play()
	if !slices.Equal(first, again) {
		t.Errorf("first %q\nthen %q", first, again)
	}
	ids := map[string]bool{}
	for _, id := range first {
		ids[id[:36]] = true
	}
	if len(ids) != len(first) || len(first) < 50 {
		t.Errorf("%d facts, %d ids", len(first), len(ids))
	}
}
