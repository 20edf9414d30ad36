package proof

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

// traces looks for texts in bytes, in every form in which a program might have left them, whatever the case.
type traces struct {
	texts []string
	first [1 << 16][]form // by the first two bytes
}

// form is one way in which a text may lie somewhere.
type form struct {
	text  string
	name  string
	bytes string // folded
}

// shortestForm is so long that it is not found by chance.
const shortestForm = 6

func tracesOf(texts ...string) *traces {
	t := &traces{texts: texts}
	for _, text := range texts {
		for name, variants := range formsOf(text) {
			for _, v := range variants {
				f := form{text, name, string(fold([]byte(v)))}
				at := uint16(f.bytes[0])<<8 | uint16(f.bytes[1])
				if len(v) >= shortestForm && !slices.Contains(t.first[at], f) {
					t.first[at] = append(t.first[at], f)
				}
			}
		}
	}
	return t
}

func formsOf(text string) map[string][]string {
	quoted, _ := json.Marshal(text)
	forms := map[string][]string{
		"plain text":    {text},
		"JSON":          {strings.Trim(string(quoted), `"`)},
		"hexadecimal":   {hex.EncodeToString([]byte(text))},
		"part of a URL": {url.QueryEscape(text), url.PathEscape(text)},
	}
	for i := range 3 { // wherever it begins in what was encoded
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			whole := encoding.EncodeToString([]byte(strings.Repeat("x", i) + text))
			forms["base64"] = append(forms["base64"], whole[(i*8+5)/6:(i+len(text))*8/6])
		}
	}
	var little, big []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		little, big = append(little, byte(unit), byte(unit>>8)), append(big, byte(unit>>8), byte(unit))
	}
	forms["UTF-16"] = []string{string(little), string(big)}
	return forms
}

// in lists what is found in b: texts with their forms, each once. It shares no memory, and reads gigabytes: watched by
// the race detector it would take minutes.
//
//go:norace
func (t *traces) in(b []byte) (found []string) {
	fold(b)
	for i := 1; i < len(b); i++ {
		for _, f := range t.first[uint16(b[i-1])<<8|uint16(b[i])] {
			rest := b[i-1:]
			if len(rest) < len(f.bytes) || string(rest[:len(f.bytes)]) != f.bytes {
				continue
			}
			if what := f.text + " as " + f.name; !slices.Contains(found, what) {
				found = append(found, what)
			}
		}
	}
	return found
}

// fold makes the letters of ASCII small, in place.
//
//go:norace
func fold(b []byte) []byte {
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return b
}

// under lists what is found in the files below a directory, and in their names, by file.
func (t *traces) under(tb testing.TB, dir string) map[string][]string {
	tb.Helper()
	all, bytes := map[string][]string{}, 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return gone(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return gone(err)
		}
		bytes += len(b)
		relative, err := filepath.Rel(dir, path)
		if found := append(t.in([]byte(relative)), t.in(b)...); len(found) > 0 {
			all[relative] = found
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Logf("%d MiB looked through", bytes>>20)
	return all
}

// gone lets files vanish while a server works on them.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// A search that finds nothing proves something only if it would have found something.
func TestTracesAreFoundInEveryForm(t *testing.T) {
	const text = "Zoë Quetzalli+Ünlü"
	wide := func(little bool) string {
		var b strings.Builder
		for _, unit := range utf16.Encode([]rune(text)) {
			if little {
				b.Write([]byte{byte(unit), byte(unit >> 8)})
			} else {
				b.Write([]byte{byte(unit >> 8), byte(unit)})
			}
		}
		return b.String()
	}
	for name, left := range map[string]string{
		"plain text":              "…" + text + "…",
		"in capitals":             "ZOë QUETZALLI+ÜNLü",
		"UTF-16, little endian":   wide(true),
		"UTF-16, big endian":      wide(false),
		"base64, at an offset":    base64.StdEncoding.EncodeToString([]byte("{\"name\":\"" + text + "\"}")),
		"base64, at another one":  base64.RawURLEncoding.EncodeToString([]byte("n:" + text + ";")),
		"base64, at a third one":  base64.StdEncoding.EncodeToString([]byte("n" + text)),
		"hexadecimal":             `\x` + strings.ToUpper(hex.EncodeToString([]byte(text))),
		"part of a URL":           "/v1/customers?name=" + url.QueryEscape(text) + "&limit=1",
		"another part of a URL":   "/v1/customers/" + url.PathEscape(text),
		"at the end of the bytes": "\x00\x00" + text,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "file"), []byte(left), 0o600); err != nil {
			t.Fatal(err)
		}
		if found := tracesOf(text).under(t, dir); len(found) != 1 {
			t.Errorf("%s: found %v", name, found)
		}
	}
	if found := tracesOf(text).in([]byte("zoe quetzalli unlu, Zoë Quetzall")); len(found) > 0 {
		t.Errorf("found %v where nothing is", found)
	}
}
