package web

import (
	"html/template"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// functions are what templates may use beside their data.
var functions = template.FuncMap{
	"places": func() []Place { return Places },
	"day":    func(t time.Time) string { return t.UTC().Format("Monday 2 January 2006") },
	"clock":  func(t time.Time) string { return t.UTC().Format("15:04:05") },
	"moment": func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04:05.999") + " UTC" },
	"iso":    func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) },
	"words":  words,
	"brief":  brief,
	"number": number,
}

// words turns a path of programs into words, and cuts ids in it: open.148831bc-fa1a-….lines[0] becomes
// "open › 148831bc… › lines 1".
func words(path string) string {
	path = place.ReplaceAllStringFunc(path, func(p string) string {
		n, err := strconv.Atoi(strings.Trim(p, "[]"))
		if err != nil {
			return p
		}
		return " " + strconv.Itoa(n+1) // people count from one
	})
	parts := strings.Split(path, ".")
	for i, part := range parts {
		if id.MatchString(part) {
			parts[i] = part[:8] + "…"
		} else {
			parts[i] = strings.ReplaceAll(part, "_", " ")
		}
	}
	return strings.Join(parts, " › ")
}

var (
	place = regexp.MustCompile(`\[\d+\]`)
	id    = regexp.MustCompile(`^[0-9a-f-]{16,}$`)
)

// brief is an id as people can compare it.
func brief(id string) string {
	if len(id) < 24 {
		return id
	}
	return id[:8] + "…"
}

// number sets its digits in groups of three.
func number(n uint64) string {
	var b strings.Builder
	s := strconv.FormatUint(n, 10)
	for i, r := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteRune('\u202f')
		}
		b.WriteRune(r)
	}
	return b.String()
}
