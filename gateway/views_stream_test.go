package gateway_test

import (
	"encoding/json"
	"testing"
	"time"

	"tillstream/gateway"
)

type standing struct {
	Name      string
	Position  uint64
	LagEvents uint64 `json:"lag_events"`
	Parked    int64
}

func (l *listening) standing() (token string, v standing) {
	l.t.Helper()
	token, data := l.next("view")
	if err := json.Unmarshal([]byte(data), &v); err != nil {
		l.t.Fatalf("%v: %s", err, data)
	}
	return token, v
}

func TestAViewIsToldWhenItMoves(t *testing.T) {
	s := open(t)
	l := s.listen("/v1/views/products/stream")
	if _, v := l.standing(); v != (standing{Name: "products"}) {
		t.Errorf("at first it stands at %+v", v)
	}
	s.post("/v1/products", `{"sku":"A","name":"A","kind":"goods"}`).is(201)
	token, v := l.standing()
	if v != (standing{Name: "products", Position: 1}) {
		t.Errorf("then it stands at %+v", v)
	}
	s.get("/v1/products/A", "Consistency-Token", token).is(200)
	l.end()

	s.poison("BAD")
	again := s.listen("/v1/views/products/stream", "Last-Event-ID", token)
	if _, v := again.standing(); v.Position != 2 || v.Parked != 1 {
		t.Errorf("after a break it stands at %+v", v)
	}
}

func TestAViewThatStandsStillIsToldToBeBehind(t *testing.T) {
	s := open(t)
	l := s.listen("/v1/views/products/stream")
	l.standing()
	s.log.hold(true)
	s.post("/v1/products", `{"sku":"A","name":"A","kind":"goods"}`).is(201)
	if _, v := l.standing(); v.Position != 0 || v.LagEvents != 1 {
		t.Errorf("it stands at %+v", v)
	}
	s.log.hold(false)
	if _, v := l.standing(); v.Position != 1 || v.LagEvents != 0 {
		t.Errorf("then it stands at %+v", v)
	}
}

func TestEveryViewIsToldInOneStream(t *testing.T) {
	s := open(t)
	l := s.listen("/v1/views/stream")
	heard := func() (list struct{ Items []standing }) {
		_, data := l.next("views")
		if err := json.Unmarshal([]byte(data), &list); err != nil {
			t.Fatal(err)
		}
		return list
	}
	if first := heard(); len(first.Items) != len(s.log.views) {
		t.Errorf("%d views are told of", len(first.Items))
	}
	s.post("/v1/products", `{"sku":"A","name":"A","kind":"goods"}`).is(201)
	for _, v := range heard().Items {
		if v.Position != 1 {
			t.Errorf("%+v", v)
		}
	}
	for _, v := range s.log.views {
		if !s.g.CanBeWatched(v.name) {
			t.Errorf("%s has no stream", v.name)
		}
	}
}

func TestTheRateOfAViewIsOfTheLastTenSeconds(t *testing.T) {
	s := open(t)
	at := time.Now().Add(time.Hour)
	note := func(second int, generation string, n uint64) {
		s.g.NoteRates(at.Add(time.Duration(second)*time.Second), []gateway.ViewStatus{{Name: "mine", Generation: generation, Events: n}})
	}
	if r := s.g.PerSecond("mine"); r != 0 {
		t.Errorf("of a view that was never seen: %d", r)
	}
	note(0, "one", 0)
	note(10, "one", 1000)
	if r := s.g.PerSecond("mine"); r != 100 {
		t.Errorf("of 1,000 events in ten seconds: %d", r)
	}
	for second := range 10 {
		note(11+second, "one", 1000)
	}
	if r := s.g.PerSecond("mine"); r != 0 {
		t.Errorf("of a view at rest: %d", r)
	}
	note(21, "two", 5000)
	if r := s.g.PerSecond("mine"); r != 0 {
		t.Errorf("of another generation: %d", r)
	}
}
