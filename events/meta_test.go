package events_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	. "tillstream/events"
)

var fullMeta = Meta{
	Correlation: "0198c1b4-7a56-7c3e-9d0b-2f6c1a8e4d10", Causation: "51f16997-cb29-8f57-b0e9-72f9874321a9", V: 1,
	Command: "472e49a0-4f1b-8d61-a0bd-7309dfc3fb29", Request: "9f86d081", Actor: Actor{Kind: "staff", ID: "eve"},
	At: spring, Rec: summer, Why: "the count of March", Trace: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", Origin: FromAPI,
}

// The names are for ever: $correlationId and $causationId are known to the event store itself.
const fullMetaStored = `{"$correlationId":"0198c1b4-7a56-7c3e-9d0b-2f6c1a8e4d10","$causationId":"51f16997-cb29-8f57-b0e9-72f9874321a9","v":1,` +
	`"cmd":"472e49a0-4f1b-8d61-a0bd-7309dfc3fb29","req":"9f86d081","actor":{"kind":"staff","id":"eve"},` +
	`"at":"2026-03-01T12:30:45.123456Z","rec":"2026-06-01T00:00:00Z","why":"the count of March",` +
	`"trace":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","origin":"api"}`

func TestMetadataHasItsStoredFormForEver(t *testing.T) {
	b, err := EncodeMeta(fullMeta)
	if err != nil || string(b) != fullMetaStored {
		t.Errorf("%v, stored as\n%s\nit was\n%s", err, b, fullMetaStored)
	}
	m, err := DecodeMeta([]byte(fullMetaStored))
	if err != nil || m != fullMeta {
		t.Errorf("read as %+v, %v", m, err)
	}
	b, err = EncodeMeta(Meta{Command: "c", Actor: Actor{Kind: "anonymous"}, Origin: FromImport, At: spring, Rec: spring})
	const least = `{"v":1,"cmd":"c","actor":{"kind":"anonymous"},"at":"2026-03-01T12:30:45.123456Z","rec":"2026-03-01T12:30:45.123456Z","origin":"import"}`
	if err != nil || string(b) != least {
		t.Errorf("%v, stored as %s", err, b)
	}
}

func TestMetadataSurvivesStorage(t *testing.T) {
	metas := rapid.MakeCustom[Meta](drawn)
	rapid.Check(t, func(t *rapid.T) {
		m := metas.Draw(t, "meta")
		b, err := EncodeMeta(m)
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeMeta(b)
		if m.V = MetaVersion; err != nil || back != m {
			t.Fatalf("%+v is read as %+v, %v", m, back, err)
		}
	})
}

func TestMetadataOfANewerBinaryIsRefused(t *testing.T) {
	if m, err := DecodeMeta([]byte(`{"v":2,"cmd":"c"}`)); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("read as %+v, %v", m, err)
	}
	for _, broken := range []string{``, `{`, `[]`, `{"v":"1"}`, `{"at":"yesterday"}`} {
		if m, err := DecodeMeta([]byte(broken)); err == nil {
			t.Errorf("%q is read as %+v", broken, m)
		}
	}
	if _, err := DecodeMeta([]byte(`{"v":1,"cmd":"c","added":true}`)); err != nil {
		t.Errorf("a field added by a newer binary of the same version stops an older one: %v", err)
	}
}

func TestTimesAreKeptAsPostgresCanKeepThem(t *testing.T) {
	asked := time.Date(2026, 3, 1, 13, 30, 45, 123456789, time.FixedZone("CET", 3600))
	if got := Time(asked); !reflect.DeepEqual(got, spring) {
		t.Errorf("%v is kept as %v", asked, got)
	}
}

func FuzzDecodeMeta(f *testing.F) {
	f.Add([]byte(fullMetaStored))
	f.Add([]byte(`{"v":1,"at":"2026-03-01T12:30:45.123456+01:00"}`))
	f.Add([]byte(`{"v":-1,"$correlationId":"\ud800"}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := DecodeMeta(b)
		if err != nil {
			return
		}
		again, err := EncodeMeta(m)
		if err != nil {
			t.Fatalf("%+v was read and cannot be stored: %v", m, err)
		}
		back, err := DecodeMeta(again)
		m.V = MetaVersion
		if err != nil || !sameMeta(m, back) {
			t.Fatalf("%+v is read again as %+v, %v", m, back, err)
		}
		if !json.Valid(again) {
			t.Fatalf("%s is no JSON", again)
		}
	})
}

// sameMeta allows for the zone of a time, which a foreign writer may have stored.
func sameMeta(a, b Meta) bool {
	same := a.At.Equal(b.At) && a.Rec.Equal(b.Rec)
	a.At, a.Rec, b.At, b.Rec = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	return same && a == b
}
