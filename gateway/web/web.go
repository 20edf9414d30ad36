// Package web holds the pages that the platform serves to people: one layout, one stylesheet, no framework, nothing from elsewhere.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
)

//go:embed *.html
var pages embed.FS

//go:embed assets
var assets embed.FS

// Page is what every page has. Body is what its own template makes of.
type Page struct {
	Title  string // of the window, before the shop's name
	Here   string // path of the entry of the navigation that the page belongs to
	Script string // name of its script among the assets; empty: none
	Body   any
}

// Place is an entry of the navigation.
type Place struct{ Path, Name string }

// Places are the navigation, in order.
var Places = []Place{{"/views", "Views"}, {"/audit", "Audit log"}, {"/docs", "API"}}

// policy lets a page load what comes from here and nothing else, and be framed by nobody.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Files that are no page of their own, but parts of others.
const (
	layout = "layout.html"
	parts  = "view_parts.html"
)

var templates = parse()

// parse joins every page with the layout. It panics on a template that is none: a mistake of the program.
func parse() map[string]*template.Template {
	base := template.Must(template.New(layout).Funcs(functions).ParseFS(pages, layout, parts))
	files, err := fs.Glob(pages, "*.html")
	if err != nil {
		panic("web: " + err.Error())
	}
	all := map[string]*template.Template{}
	for _, file := range files {
		if file != layout && file != parts {
			all[strings.TrimSuffix(file, ".html")] = template.Must(template.Must(base.Clone()).ParseFS(pages, file))
		}
	}
	return all
}

// Render answers with a page, whole or not at all. It is never kept by a cache, since it may show what only this reader
// may see.
func Render(w http.ResponseWriter, code int, name string, p Page) error {
	t, known := templates[name]
	if !known {
		return fmt.Errorf("there is no page %q", name)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return fmt.Errorf("make the page %s: %w", name, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, err := w.Write(b.Bytes())
	return err
}

// asset is a file that pages load, and the tag by which a browser knows it has it already.
type asset struct {
	body []byte
	kind string
	tag  string
}

var loaded = load()

func load() map[string]asset {
	all := map[string]asset{}
	entries, err := assets.ReadDir("assets")
	if err != nil {
		panic("web: " + err.Error())
	}
	for _, e := range entries {
		b, err := assets.ReadFile(path.Join("assets", e.Name()))
		if err != nil {
			panic("web: " + err.Error())
		}
		sum := sha256.Sum256(b)
		all[e.Name()] = asset{b, mime.TypeByExtension(path.Ext(e.Name())), `"` + hex.EncodeToString(sum[:8]) + `"`}
	}
	return all
}

// Asset serves a file that pages load, by its name. It answers false for a name that is none.
func Asset(w http.ResponseWriter, r *http.Request, name string) bool {
	a, known := loaded[name]
	if !known {
		return false
	}
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", a.tag)
	if r.Header.Get("If-None-Match") == a.tag {
		w.WriteHeader(http.StatusNotModified)
		return true
	}
	_, _ = w.Write(a.body)
	return true
}

// Assets lists the names of what pages load.
func Assets() (names []string) {
	for name := range loaded {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
