package gateway_test

import (
	"fmt"
	"strings"
	"testing"

	"tillstream/events"
)

// caused records a fact that follows from another, and answers its id.
func (s *shop) caused(stream, cause string, e events.Event) string {
	s.t.Helper()
	s.records(stream, events.Meta{Causation: cause, Correlation: "talk"}, e)
	all := s.log.All()
	return all[len(all)-1].ID
}

// outline is a tree as text: every fact by its order, indented by what it follows from, a star at the one asked about.
func outline(cause map[string]any, indent int, b *strings.Builder) {
	mark := ""
	if cause["asked"] == true {
		mark = "*"
	}
	event := cause["event"].(map[string]any)
	fmt.Fprintf(b, "%s%v%s\n", strings.Repeat(" ", indent), event["order_id"], mark)
	for _, effect := range cause["effects"].([]any) {
		outline(effect.(map[string]any), indent+1, b)
	}
}

func (s *shop) tree(id string) (map[string]any, string) {
	s.t.Helper()
	tree := s.get("/v1/audit/events/" + id + "/tree").is(200)
	var b strings.Builder
	outline(tree["root"].(map[string]any), 0, &b)
	return tree, b.String()
}

func confirmed(name string) events.Event { return events.OrderConfirmed{OrderID: name} }

func TestATreeShowsCausesAndEffects(t *testing.T) {
	s := open(t)
	root := s.caused("order-a", "", confirmed("a"))
	b := s.caused("order-b", root, confirmed("b"))
	c := s.caused("order-c", root, confirmed("c"))
	s.caused("order-d", root, confirmed("d"))
	s.caused("order-e", c, confirmed("e"))
	s.caused("order-f", b, confirmed("f"))
	s.caused("order-x", "", confirmed("x")) // of the same conversation, of another cause

	tree, got := s.tree(c)
	if want := "a\n b\n c*\n  e\n d\n"; got != want || tree["truncated"] != false {
		t.Errorf("from the middle:\n%s", got)
	}
	if talk := tree["conversation"].([]any); len(talk) != 7 {
		t.Errorf("%d facts of the conversation", len(talk))
	}
	if _, got := s.tree(root); got != "a*\n b\n  f\n c\n  e\n d\n" {
		t.Errorf("from the root:\n%s", got)
	}
}

func TestATreeEndsWhereCausesAreNoEvents(t *testing.T) {
	s := open(t)
	orphan := s.caused("order-a", "a command of long ago", confirmed("a"))
	if _, got := s.tree(orphan); got != "a*\n" {
		t.Errorf("\n%s", got)
	}
}

func TestATreeIsBounded(t *testing.T) {
	s := open(t)
	root := s.caused("order-a", "", confirmed("a"))
	var last string
	for i := range 250 {
		last = s.caused("stock-A/1", root, events.StockReserved{OrderID: fmt.Sprint(i)})
	}
	tree, got := s.tree(root)
	if n := strings.Count(got, "\n"); n != 201 || tree["truncated"] != true {
		t.Errorf("%d facts, truncated %v", n, tree["truncated"])
	}
	tree, got = s.tree(last)
	if n := strings.Count(got, "\n"); n != 22 || tree["truncated"] != true || !strings.Contains(got, "249*") {
		t.Errorf("%d facts, truncated %v:\n%s", n, tree["truncated"], got)
	}
	for i := range 60 {
		last = s.caused("order-deep", last, confirmed(fmt.Sprint("deep ", i)))
	}
	if tree, got = s.tree(last); strings.Count(got, "\n") != 33 || tree["truncated"] != true {
		t.Errorf("%d generations of causes", strings.Count(got, "\n"))
	}
}

// Memory names given facts by their number, so a fact can name one that is not there yet.
func TestACircleOfCausesEnds(t *testing.T) {
	s := open(t)
	s.caused("order-a", "given-2", confirmed("a"))
	b := s.caused("order-b", "given-1", confirmed("b"))
	self := s.caused("order-c", "given-3", confirmed("c"))
	if _, got := s.tree(b); strings.Count(got, "b*") != 1 {
		t.Errorf("\n%s", got)
	}
	if _, got := s.tree(self); got != "c*\n" {
		t.Errorf("\n%s", got)
	}
}
