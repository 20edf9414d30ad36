package gateway_test

import (
	"strings"
	"testing"
)

func TestAnEMailAddressIsOneThatMailCouldBeSentTo(t *testing.T) {
	s := open(t)
	for email, ok := range map[string]bool{
		"ann@example.com": true, "  ann@example.com ": true, "ann.o'neill+shop@mail.example.co.uk": true, "jörg@bücher.example": true,
		"用户@例子.广告": true, "ann@xn--bcher-kva.example": true, strings.Repeat("a", 64) + "@example.com": true,
		"ann": false, "@example.com": false, "ann@": false, "ann@example": false, "ann@localhost": false, "ann@@example.com": false,
		"<b@c.de>": false, "Ann <b@c.de>": false, "ann@example.com.": false, "ann@.example.com": false, "ann@example..com": false,
		".ann@example.com": false, "ann.@example.com": false, "an..n@example.com": false, "an\u00a0n@example.com": false,
		"an n@example.com": false, "ann@exam\u00a0ple.com": false, "ann@exam\u200bple.com": false, "an\u200bn@example.com": false,
		"ann@-example.com": false, "ann@exa_mple.com": false, "ann@10.0.0.1": false, "ann@[10.0.0.1]": false, `"ann"@example.com`: false,
		"ann,bea@example.com": false, "ann@example.com,bea@example.com": false, strings.Repeat("a", 65) + "@example.com": false,
		"ann@" + strings.Repeat("a", 64) + ".com": false,
	} {
		r := s.post("/v1/customers", `{"name":"Ann","country":"GB","email":`+quoted(email)+`}`)
		if (r.code == 201) != ok && !(ok && r.code == 409) { // two may be the same address
			t.Errorf("%q: %d %s", email, r.code, r.body)
		}
		if !ok {
			if details := r.fails(400, "invalid_argument"); details["field"] != "email" || strings.Contains(r.body, email) && !strings.Contains("such as ann@example.com", email) {
				t.Errorf("%q: %s", email, r.body)
			}
		}
	}
}

func TestTwoSpellingsOfAnEMailAddressAreOne(t *testing.T) {
	for first, again := range map[string]string{
		"ann@bücher.example": "ANN@xn--bcher-kva.EXAMPLE", "jo\u0308rg@example.com": "J\u00d6RG@example.com", "ann@example.com": " Ann@Example.Com ",
	} {
		s := open(t)
		open := func(email string) reply {
			return s.post("/v1/customers", `{"name":"Ann","country":"GB","email":`+quoted(email)+`}`)
		}
		open(first).is(201)
		open(again).fails(409, "email_taken")
	}
}
