package web

import (
	"fmt"
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
	"lasts":  lasts,
	"size":   size,
	"share":  share,
	"list": func(what string, names []string) any {
		return struct {
			What  string
			Names []string
		}{what, names}
	},
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

// number sets the digits of a whole number in groups of three.
func number(n any) string {
	var b strings.Builder
	s := fmt.Sprint(n)
	for i, r := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteRune('\u202f')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// lasts is a length of time, in milliseconds, as people say it: two units at most.
func lasts(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", ms)
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

// size is a number of bytes as people compare it.
func size(bytes any) string {
	n, err := strconv.ParseFloat(fmt.Sprint(bytes), 64)
	switch {
	case err != nil:
		return fmt.Sprint(bytes)
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", n/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", n/(1<<20))
	}
	return fmt.Sprintf("%.1f KiB", n/(1<<10))
}

// share is how much of a whole is done, in percent: 100 only for all of it, 0 of nothing.
func share(done, of uint64) uint64 {
	if of == 0 {
		return 0
	}
	return 100 * min(done, of) / of
}
