package gateway

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// Limits of an e-mail address, in bytes.
const (
	localMost  = 64
	domainMost = 253
	labelMost  = 63
)

// checkEmail wants an address as people have them: letters, digits and a few signs before the @, and a domain of two names
// or more behind it, which may be international. Comments, quotes and addresses of machines are not taken. What was given
// is never repeated: it is personal.
func checkEmail(field, email string) error {
	email = strings.TrimSpace(email)
	if err := checkPerson(field, email, emailMost); err != nil {
		return err
	}
	local, domain, found := strings.Cut(email, "@")
	if _, ok := asciiDomain(domain); !found || !ok || !isLocalPart(local) {
		return badField(field, "must be an e-mail address, such as ann@example.com")
	}
	return nil
}

func isLocalPart(s string) bool {
	if s == "" || len(s) > localMost || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.", r)
	})
}

// asciiDomain is the form in which a domain is looked up, lower case; false for what is none.
func asciiDomain(domain string) (ascii string, ok bool) {
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil || len(ascii) > domainMost || strings.ContainsFunc(domain, notOfADomain) {
		return "", false
	}
	names := strings.Split(ascii, ".")
	for _, name := range names {
		if name == "" || len(name) > labelMost {
			return "", false
		}
	}
	top := names[len(names)-1]
	return ascii, len(names) > 1 && strings.ContainsFunc(top, unicode.IsLetter)
}

// notOfADomain finds what the mapping of international domains would drop without a word, such as spaces of no width.
func notOfADomain(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && r != '-' && r != '.'
}

// foldEmail is the form in which addresses are compared: trimmed, lower case, NFC, the domain as it is looked up.
func foldEmail(email string) string {
	local, domain, _ := strings.Cut(strings.TrimSpace(email), "@")
	if ascii, ok := asciiDomain(domain); ok {
		domain = ascii
	}
	return norm.NFC.String(strings.ToLower(norm.NFC.String(local + "@" + domain)))
}
