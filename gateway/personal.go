package gateway

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"tillstream/events"
	typesv1 "tillstream/gateway/api/types/v1"
	"tillstream/gateway/wirejson"
)

// Limits of personal data, in characters; sealed, each fits what a command may carry.
const (
	personNameMost = 256
	emailMost      = 254
	addressMost    = 1000 // of all its parts together
	tokenMost      = 512  // of a payment
)

// sealer seals the data of one person under the key that is theirs now.
type sealer struct {
	subject string
	number  int
	key     [32]byte
}

// sealerOf makes the key of a person durable before anything is sealed with it.
func (g *Gateway) sealerOf(ctx context.Context, subject string) (sealer, error) {
	number, key, err := g.deps.Keys.Key(ctx, subject)
	if errors.Is(err, events.ErrForgotten) {
		return sealer{}, erasedPerson()
	}
	return sealer{subject, number, key}, err
}

func erasedPerson() *Problem {
	return problem(http.StatusConflict, "customer_erased", "this person was forgotten at their own wish: nothing about them can be kept")
}

// seal is nil for an empty datum: its absence is no secret.
func (s sealer) seal(field, plain string) (*events.Sealed, error) {
	if plain == "" {
		return nil, nil
	}
	sealed, err := events.Seal(s.key, s.number, s.subject, field, []byte(plain))
	return &sealed, err
}

// open is nil for what was never given, and for what was forgotten.
func (g *Gateway) open(ctx context.Context, s *events.Sealed, field string) (*string, error) {
	if s == nil {
		return nil, nil
	}
	key, err := g.deps.Keys.Open(ctx, s.Subject, s.Key)
	if errors.Is(err, events.ErrForgotten) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	plain, err := s.Open(key, field)
	if err != nil {
		return nil, err
	}
	text := string(plain)
	return &text, nil
}

// blindEmail names an address without telling it.
func (g *Gateway) blindEmail(email string) string {
	h := hmac.New(sha256.New, g.deps.BlindKey[:])
	h.Write([]byte("email\x00" + foldEmail(email)))
	return hex.EncodeToString(h.Sum(nil)[:24])
}

// checkPerson wants a line of text about a person.
func checkPerson(field, s string, most int) error {
	switch {
	case strings.TrimSpace(s) == "":
		return badField(field, "is required")
	case utf8.RuneCountInString(s) > most:
		return badField(field, "has more than %d characters", most)
	case strings.ContainsFunc(s, unicode.IsControl):
		return badField(field, "may not hold control characters")
	}
	return nil
}

// addressText is the stored form of an address, empty for none.
func addressText(field string, a *typesv1.Address) (string, error) {
	if a == nil || proto.Equal(a, &typesv1.Address{}) {
		return "", nil
	}
	runes, bad := 0, false
	for _, v := range rangeOf(a) {
		runes += utf8.RuneCountInString(v.String())
		bad = bad || strings.ContainsFunc(v.String(), func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' })
	}
	switch {
	case runes > addressMost:
		return "", badField(field, "has more than %d characters", addressMost)
	case bad:
		return "", badField(field, "may not hold control characters other than line breaks")
	}
	return string(wirejson.Canonical(a)), nil
}

func rangeOf(m proto.Message) (values map[protoreflect.Name]protoreflect.Value) {
	values = map[protoreflect.Name]protoreflect.Value{}
	for fd, v := range m.ProtoReflect().Range {
		values[fd.Name()] = v
	}
	return values
}

// addressFrom reads what addressText made.
func addressFrom(text *string) (*typesv1.Address, error) {
	if text == nil {
		return nil, nil
	}
	a := &typesv1.Address{}
	if strings.HasPrefix(*text, "{") {
		return a, wirejson.Unmarshal([]byte(*text), a)
	}
	return a, json.Unmarshal([]byte(*text), &a.Text)
}
