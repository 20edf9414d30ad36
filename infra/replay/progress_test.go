package replay

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tillstream/projections"
)

func TestNoProgressForTenSecondsSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProgress("items")
		p.towards(100, 10)
		p.moved(projections.Checkpoint{At: 10, Count: 1})
		time.Sleep(stillFor - time.Millisecond)
		there := p.waits("Postgres, which keeps 4 values")
		if m := p.message(); m.Waiting != "" {
			t.Errorf("too soon it says %q", m.Waiting)
		}
		time.Sleep(time.Millisecond)
		if m := p.message(); m.Waiting != "waits for Postgres, which keeps 4 values" {
			t.Errorf("it says %q", m.Waiting)
		}
		there()
		p.failed(errors.New("the disk is full"))
		if m := p.message(); !strings.Contains(m.Waiting, "the disk is full") {
			t.Errorf("it says %q", m.Waiting)
		}
		p.moved(projections.Checkpoint{At: 20, Count: 2})
		if m := p.message(); m.Waiting != "" || m.Events != 2 || m.Of != 10 {
			t.Errorf("moved on, it says %v", m)
		}
	})
}

func TestAPaceIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace, begun := newPace(100), time.Now()
		if pace.page() != 25 {
			t.Errorf("a page has %d", pace.page())
		}
		for range 20 {
			if err := pace.wait(t.Context(), 25, newProgress("items")); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begun); took < 4*time.Second || took > 6*time.Second {
			t.Errorf("500 events took %v", took)
		}
	})
}
