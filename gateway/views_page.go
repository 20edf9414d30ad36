package gateway

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	khttp "github.com/go-kratos/kratos/v2/transport/http"

	parkedv1 "tillstream/gateway/api/parked/v1"
	replayv1 "tillstream/gateway/api/replay/v1"
	statusv1 "tillstream/gateway/api/status/v1"
	"tillstream/gateway/web"
)

// viewPages show operators how views stand, and do what the routes below /v1/views do.
type viewPages struct{ *Gateway }

// shownView is a view as the pages show it.
type shownView struct {
	*statusv1.View
	State string // in a word or two
	Tone  string // of the state: good, busy, bad
	Note  string // what is read aloud when it becomes so
}

func (s viewPages) shown(v ViewStatus) shownView {
	is := shownView{View: s.viewOf(v)}
	switch {
	case !v.Serving:
		is.State, is.Tone = "does not serve", "bad"
	case v.Stale:
		is.State, is.Tone = "stands still", "bad"
	case v.Building != nil:
		is.State, is.Tone = "is being rebuilt", "busy"
		if p := v.Building; p.Of > 0 && p.Phase == "reading" {
			is.Note = fmt.Sprintf("%s: %d quarters of the rebuild are read", v.Name, 4*min(p.Events, p.Of)/p.Of)
		} else {
			is.Note = v.Name + ": the rebuild is " + p.Phase
		}
	case v.Parked > 0:
		is.State, is.Tone = "lacks parked keys", "bad"
	default:
		is.State, is.Tone = "serves", "good"
	}
	if is.Note == "" {
		is.Note = v.Name + " " + is.State
	}
	return is
}

// viewsPage is what the page of all views shows.
type viewsPage struct {
	Views                     []shownView
	Serving, Building, Parked int
}

// listPage shows every view. It costs no I/O.
func (s viewPages) listPage(_ context.Context, page khttp.Context) error {
	p := viewsPage{}
	for _, v := range s.deps.Platform.Views() {
		p.Views = append(p.Views, s.shown(v))
		if v.Serving {
			p.Serving++
		}
		if v.Building != nil {
			p.Building++
		}
		p.Parked += int(v.Parked)
	}
	return web.Render(page.Response(), http.StatusOK, "views", web.Page{Title: "Views", Here: "/views", Script: "views.js", Body: p})
}

// viewPage is what the page of one view shows.
type viewPage struct {
	View        shownView
	Generations []shownGeneration
	CanRollBack bool
	Problem     string // why generations are not listed
	Done        string // what was just done
}

// shownGeneration is a generation as the page shows it, and what can be done with it.
type shownGeneration struct {
	*replayv1.Generation
	State string
	Built bool // beside the one that answers, to the end
}

// viewPage shows one view, its generations, and what can be done.
func (s viewPages) viewPage(ctx context.Context, page khttp.Context) error {
	view, err := s.view(page)
	if err != nil {
		return err
	}
	p := viewPage{View: s.shown(view)}
	list, err := replayService{Gateway: s.Gateway}.list(ctx, view.Name)
	if err != nil {
		p.Problem = problemOf(ctx, s.log, err).Message
	}
	for _, g := range list.GetItems() {
		p.Generations = append(p.Generations, shownGeneration{g, GenerationState(g), !g.Served && g.Fed})
	}
	p.CanRollBack = answeredBefore(list.GetItems()) != nil
	if act, known := actNamed(page.Request().URL.Query().Get("done")); known {
		p.Done = act.Done
	}
	return web.Render(page.Response(), http.StatusOK, "view", web.Page{Title: view.Name, Here: "/views", Script: "views.js", Body: p})
}

// view is the view that a page is about.
func (s viewPages) view(page khttp.Context) (ViewStatus, error) {
	name := page.Vars().Get("view")
	v := s.deps.Platform.View(name)
	if v.Name == "" {
		return v, notFound("view_unknown", "there is no view %q: look at /views", name)
	}
	return v, nil
}

// GenerationState says in a word or two what a generation does.
func GenerationState(g *replayv1.Generation) string {
	switch {
	case g.Served && g.Fed:
		return "answers"
	case g.Served:
		return "answers, stale"
	case g.Fed:
		return "follows"
	case g.Progress != nil:
		return "is being built"
	case g.State == "building":
		return "begun"
	}
	return "stands still"
}

// answeredBefore is the generation that answered before the one that does; nil when there is none.
func answeredBefore(list []*replayv1.Generation) (last *replayv1.Generation) {
	for _, g := range list {
		if !g.Served && g.PromotedAt != nil && (last == nil || g.PromotedAt.AsTime().After(last.PromotedAt.AsTime())) {
			last = g
		}
	}
	return last
}

// parkedPage is what the page of parked keys shows: all of a generation, or one.
type parkedPage struct {
	View, Generation string
	Keys             *parkedv1.KeyList
	More             string // address of the page after this one; empty: there is none
	Shown            *parkedv1.Shown
	Rest             int64 // facts of the key that are not shown
	Done             string
}

// parkedPage lists the parked keys of a view, or shows the one that key names.
func (s viewPages) parkedPage(ctx context.Context, page khttp.Context) error {
	view, err := s.view(page)
	if err != nil {
		return err
	}
	q, parked := page.Request().URL.Query(), parkedService{Gateway: s.Gateway}
	p := parkedPage{View: view.Name, Generation: q.Get("generation")}
	title := "Parked keys of " + view.Name
	if q.Has("key") {
		p.Shown, err = parked.Show(ctx, &parkedv1.ShowRequest{View: view.Name, Generation: p.Generation, Key: q.Get("key")})
		if err != nil {
			return err
		}
		title = p.Shown.Key.Key + ", parked in " + view.Name
		p.Rest = p.Shown.Key.Facts - int64(len(p.Shown.Facts))
	} else {
		p.Keys, err = parked.List(ctx, &parkedv1.ListRequest{View: view.Name, Generation: p.Generation, Cursor: q.Get("cursor")})
		if err != nil {
			return err
		}
		if next := p.Keys.NextCursor; next != "" {
			q.Set("cursor", next)
			q.Del("done")
			p.More = "/views/" + view.Name + "/parked?" + q.Encode()
		}
	}
	if act, known := actNamed(q.Get("done")); known {
		p.Done = act.Done
	}
	return web.Render(page.Response(), http.StatusOK, "parked", web.Page{Title: title, Here: "/views", Body: p})
}

// actNamed is the act of a name.
func actNamed(name string) (viewAct, bool) {
	i := slices.IndexFunc(viewActs, func(a viewAct) bool { return a.Name == name })
	if i < 0 {
		return viewAct{}, false
	}
	return viewActs[i], true
}
