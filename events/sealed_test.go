package events_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	. "tillstream/events"
)

var aKey, anotherKey = [32]byte{1, 2, 3}, [32]byte{1, 2, 4}

func TestWhatIsSealedOpensForItsFieldAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		s, err := Seal(aKey, 1, "customer-c1", FieldEmail, plain)
		if err != nil {
			t.Fatal(err)
		}
		stored, _ := json.Marshal(s)
		var back Sealed
		if err := json.Unmarshal(stored, &back); err != nil {
			t.Fatal(err)
		}
		got, err := back.Open(aKey, FieldEmail)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%q opens as %q, %v", plain, got, err)
		}
		another := s
		another.Subject = "customer-c2"
		bit := rapid.IntRange(0, 8*len(s.Cipher)-1).Draw(t, "bit")
		flipped := s
		flipped.Cipher = bytes.Clone(s.Cipher)
		flipped.Cipher[bit/8] ^= 1 << (bit % 8)
		short := s
		short.Cipher = s.Cipher[:rapid.IntRange(0, len(s.Cipher)-1).Draw(t, "length")]
		for name, open := range map[string]func() ([]byte, error){
			"for another field":   func() ([]byte, error) { return s.Open(aKey, FieldName) },
			"with another key":    func() ([]byte, error) { return s.Open(anotherKey, FieldEmail) },
			"for another subject": func() ([]byte, error) { return another.Open(aKey, FieldEmail) },
			"with a bit flipped":  func() ([]byte, error) { return flipped.Open(aKey, FieldEmail) },
			"cut short":           func() ([]byte, error) { return short.Open(aKey, FieldEmail) },
			"empty":               func() ([]byte, error) { return Sealed{}.Open(aKey, FieldEmail) },
		} {
			if got, err := open(); err == nil {
				t.Fatalf("%s it opens as %q", name, got)
			}
		}
	})
}

func TestSealingTellsNothing(t *testing.T) {
	const name = "Ada Lovelace"
	one, _ := Seal(aKey, 1, "customer-c1", FieldName, []byte(name))
	two, _ := Seal(aKey, 1, "customer-c1", FieldName, []byte(name))
	if bytes.Equal(one.Cipher, two.Cipher) {
		t.Error("the same name is sealed alike twice: equality could be read off")
	}
	if stored, _ := json.Marshal(one); bytes.Contains(stored, []byte("Ada")) {
		t.Errorf("the name is in %s", stored)
	}
	_, err := one.Open(anotherKey, FieldName)
	if err == nil || strings.Contains(err.Error(), "Ada") {
		t.Errorf("the error says %v", err)
	}
}
