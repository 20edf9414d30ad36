package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"tillstream/events"
)

func TestDocsAreFresh(t *testing.T) {
	want, err := render("../..")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../../docs/events.md")
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("docs/events.md is not what the source says (%v): run go generate ./events", err)
	}
}

func TestDocsNameEveryEvent(t *testing.T) {
	page, err := render("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, wire := range events.Catalog().Wires() {
		if n := strings.Count(string(page), "\n### "+wire+"\n"); n != 1 {
			t.Errorf("%s has %d sections", wire, n)
		}
	}
	links, headings := regexp.MustCompile(`\]\(#([^)]+)\)`), map[string]bool{}
	for _, line := range strings.Split(string(page), "\n") {
		if title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "##") {
			headings[anchor(title)] = true
		}
	}
	for _, link := range links.FindAllStringSubmatch(string(page), -1) {
		if !headings[link[1]] {
			t.Errorf("a link goes to #%s, which is not there", link[1])
		}
	}
}

func TestWhatIsUnexplainedIsRefused(t *testing.T) {
	dir := t.TempDir()
	const lamps = "package events\n\n" +
		"type LampEvent interface {\n\tEvent\n\tlampEvent()\n}\n\n" +
		"// LampLit says it shines.\ntype LampLit struct {\n\tLumen int64 `json:\"lumen\"`\n}\n\n" +
		"func (LampLit) Type() string { return \"lamp.lit\" }\nfunc (LampLit) lampEvent() {}\n\n" +
		"// Lamp is the stream of one lamp.\nfunc Lamp(id string) Stream[LampEvent] { return Stream[LampEvent](\"lamp-\" + id) }\n\n" +
		"func Catalog() { admitLamp() }\nfunc admitLamp() {}\n"
	if err := os.WriteFile(dir+"/lamp.go", []byte(lamps), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := render(dir); err == nil || !strings.Contains(err.Error(), "LampLit.lumen") {
		t.Fatalf("a field that nobody explains: %v", err)
	}
	explained := strings.Replace(lamps, "`json:\"lumen\"`", "`json:\"lumen\"` // how bright", 1)
	if err := os.WriteFile(dir+"/lamp.go", []byte(explained), 0o600); err != nil {
		t.Fatal(err)
	}
	page, err := render(dir)
	if err != nil || !strings.Contains(string(page), "Stream `lamp-<id>`. Lamp is the stream of one lamp.") ||
		!strings.Contains(string(page), "| `lumen` | integer | how bright |") {
		t.Fatalf("%v\n%s", err, page)
	}
}
