package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	khttp "github.com/go-kratos/kratos/v2/transport/http"

	"tillstream/aggregates"
	"tillstream/events"
	auditv1 "tillstream/gateway/api/audit/v1"
	"tillstream/gateway/web"
)

// Limits of what a page shows of one fact; the route under /v1 answers the whole.
const (
	pageChangesFirst = 16 // in sight at once
	pageChangesMost  = 400
	pageJSONMost     = 64 << 10 // bytes of one state
	pageTalkMost     = 2*conversationMost + 1
)

// eventPage is what the page of one fact shows.
type eventPage struct {
	Detail              *auditv1.Detail
	Tree                *auditv1.CauseTree
	Conversation        []*auditv1.Event // empty where nothing but the fact itself is in it
	Changes             []shownChange
	Rest                []shownChange // that are seen when asked for
	More                uint64        // changes that are not shown
	Before, After, Data string
	Origin              string
	Personal            []*auditv1.PersonalDatum
	CanOpen             bool
	Opened              bool
	Staff, Purpose      string
	Problem             string
	AsOf                uint64
}

// shownChange is a changed field as people read it.
type shownChange struct{ Field, Before, After, Kind string }

var originWords = map[string]string{string(events.FromAPI): "asked through the API", string(events.FromPolicy): "decided by a process of the shop",
	string(events.FromImport): "imported from books"}

// eventPage shows a fact with what is sealed left sealed: a browser that looks ahead opens nothing.
func (s auditService) eventPage(ctx context.Context, page khttp.Context) error {
	return s.showEvent(ctx, page, &auditv1.GetRequest{Id: page.Vars().Get("id"), Sealed: true}, eventPage{})
}

// openedPage shows a fact to a member of staff who said who they are and what for.
func (s auditService) openedPage(ctx context.Context, page khttp.Context) error {
	form, err := postedForm(page)
	if err != nil {
		return err
	}
	p := eventPage{Staff: form.Get("staff"), Purpose: strings.TrimSpace(form.Get("purpose"))}
	actor, err := staffOf(form)
	if err != nil {
		return err
	}
	if p.Purpose == "" {
		return badField("purpose", "is required: say what the data is opened for")
	}
	callOf(ctx).actor = actor
	return s.showEvent(ctx, page, &auditv1.GetRequest{Id: page.Vars().Get("id"), Purpose: p.Purpose}, p)
}

func (s auditService) showEvent(ctx context.Context, page khttp.Context, in *auditv1.GetRequest, p eventPage) (err error) {
	if p.Detail, err = s.Get(ctx, in); err != nil {
		return err
	}
	if p.Tree, err = s.Tree(ctx, &auditv1.TreeRequest{Id: in.Id}); err != nil {
		return err
	}
	if talk := p.Tree.Conversation; len(talk) > 1 {
		p.Conversation = talk[:min(len(talk), pageTalkMost)]
	}
	d := p.Detail
	p.Origin = originWords[d.Origin]
	changes := changesInWords(d.Before, d.After)
	p.Changes = changes[:min(len(changes), pageChangesFirst)]
	p.Rest = changes[len(p.Changes):min(len(changes), pageChangesMost)]
	p.More = uint64(len(changes) - len(p.Changes) - len(p.Rest))
	p.Before, p.After, p.Data = pretty(d.Before), pretty(d.After), pretty(d.Data)
	p.Personal = d.PersonalData
	p.Opened = slices.ContainsFunc(p.Personal, func(x *auditv1.PersonalDatum) bool { return x.State == stateOpened })
	p.CanOpen = !p.Opened && slices.ContainsFunc(p.Personal, func(x *auditv1.PersonalDatum) bool { return x.State == stateSealed && opensAs(x.Field) })
	p.AsOf = uint64(s.deps.Views.AuditLog.At().At)
	return web.Render(page.Response(), http.StatusOK, "audit_event", web.Page{Title: d.Sentence, Here: "/audit", Script: "audit.js", Body: p})
}

// opensAs tells whether a datum at a path is of a kind that people may look at.
func opensAs(path string) bool {
	name := path[strings.LastIndex(path, ".")+1:]
	return fieldsOf[name] != ""
}

// changesInWords are the differences of two states as people read them: money with its decimal point, what is sealed in a
// word, and of what is new nothing that is zero.
func changesInWords(before, after string) (list []shownChange) {
	was, err := treeOf([]byte(before))
	is, err2 := treeOf([]byte(after))
	if err != nil || err2 != nil {
		return nil
	}
	for _, c := range differences(inWords(was), inWords(is)) {
		shown := shownChange{Field: c.field, Before: plainJSON(c.before), After: plainJSON(c.after), Kind: "changed"}
		switch {
		case c.before == "" && slices.Contains(zeros, c.after):
			continue
		case c.before == "":
			shown.Kind = "added"
		case c.after == "":
			shown.Kind = "removed"
		}
		list = append(list, shown)
	}
	return list
}

// zeros are the leaves that say nothing of something new.
var zeros = []string{`0`, `false`, `""`, `null`, `{}`, `[]`, `"0"`}

// inWords is a tree with its money and its sealed data as text.
func inWords(tree any) any {
	switch v := tree.(type) {
	case map[string]any:
		if _, sealed := sealedOf(v); sealed {
			return "(sealed)"
		}
		if text, is := moneyWords(v); is {
			return text
		}
		made := make(map[string]any, len(v))
		for name, value := range v {
			made[name] = inWords(value)
		}
		return made
	case []any:
		made := make([]any, len(v))
		for i, value := range v {
			made[i] = inWords(value)
		}
		return made
	}
	return tree
}

// moneyWords reads a total or a unit price from its JSON form.
func moneyWords(v map[string]any) (string, bool) {
	currency, is := v["currency"].(string)
	number := func(name string) int64 {
		n, is2 := v[name].(json.Number)
		i, err := n.Int64()
		is = is && is2 && err == nil
		return i
	}
	switch len(v) {
	case 2:
		m := events.Money{Minor: number("minor"), Currency: currency}
		return m.String(), is
	case 3:
		u := events.UnitPrice{Amount: number("amount"), Scale: uint8(number("scale")), Currency: currency}
		return u.String(), is
	}
	return "", false
}

// plainJSON is a leaf without the quotes of text.
func plainJSON(leaf string) string {
	var text string
	if json.Unmarshal([]byte(leaf), &text) == nil && text != "" {
		return text
	}
	return leaf
}

// pretty sets JSON in lines, with a word for what is sealed.
func pretty(text string) string {
	tree, err := treeOf([]byte(text))
	if err != nil {
		return text
	}
	if tree == nil {
		return "The stream was empty."
	}
	for _, d := range sealedIn("", "", tree, func(any) {}) {
		d.set("(sealed)")
	}
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	if err := out.Encode(tree); err != nil {
		return text
	}
	if b.Len() > pageJSONMost {
		return strings.ToValidUTF8(b.String()[:pageJSONMost], "") + "\n… the rest is in the JSON of this page"
	}
	return strings.TrimSpace(b.String())
}

// streamBeginnings are the kinds of streams, as a person begins to type them.
func streamBeginnings() (list []string) {
	for _, category := range aggregates.Categories() {
		list = append(list, category+"-*")
	}
	return list
}
