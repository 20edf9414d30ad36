package gateway

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	khttp "github.com/go-kratos/kratos/v2/transport/http"

	parkedv1 "tillstream/gateway/api/parked/v1"
	replayv1 "tillstream/gateway/api/replay/v1"
	"tillstream/gateway/web"
)

// viewAct is something an operator does to a view. A GET of its page says what will happen; a POST of its form does it.
type viewAct struct {
	Name   string // last part of its path
	Title  string // before the name of the view
	Button string
	Done   string // what is said afterwards
	Grave  bool   // it cannot be taken back
	Parked bool   // of a parked key
	Reads  bool   // it changes nothing, and needs nobody's name
	do     func(viewPages, context.Context, *actPage) error
}

// viewActs are all of them, in the order of a replay.
var viewActs = []viewAct{
	{Name: "apply", Title: "Plan and build the next generation of", Button: "Build it", Done: "Building has begun.", do: viewPages.apply},
	{Name: "stop", Title: "Stop building", Button: "Stop building", Done: "Building has stopped. What is built so far is kept.", do: viewPages.stop},
	{Name: "verify", Title: "Compare generations of", Button: "Compare", Reads: true, do: viewPages.verify},
	{Name: "promote", Title: "Promote a generation of", Button: "Promote it", Done: "It is promoted: the generation answers from now on.", do: viewPages.promote},
	{Name: "rollback", Title: "Roll back", Button: "Roll back", Done: "It is rolled back: the generation answers again that did before.", do: viewPages.rollback},
	{Name: "retire", Title: "Retire a generation of", Button: "Drop it for ever", Done: "The generation is dropped.", Grave: true, do: viewPages.retire},
	{Name: "retry", Title: "Retry a parked key of", Button: "Retry it", Done: "The key goes on: what it remembered is folded.", Parked: true, do: viewPages.retry},
	{Name: "drop", Title: "Drop what a parked key remembers in", Button: "Forget these facts", Done: "The key goes on without what it remembered.", Grave: true, Parked: true, do: viewPages.drop},
}

// actPage is what the page of an act shows: what will happen, and the form that has it happen.
type actPage struct {
	Act                   viewAct
	View, Generation, Key string
	Served, Before        *replayv1.Generation // the one that answers, and the one that did before
	Of                    *replayv1.Generation // the one that Generation names
	Plan                  *replayv1.ReplayPlan // of apply
	Facts                 int64                // that the parked key remembers
	Verdict               *replayv1.Verdict    // of verify, once it is there
	Staff, Why, Rate      string               // as they were typed
	Sample, Count         string
	Anew, Fresh           bool
	Problem               string
}

// askPage says what an act will do, and changes nothing.
func (s viewPages) askPage(ctx context.Context, page khttp.Context, act viewAct) error {
	p, err := s.asks(ctx, page, act)
	if err != nil {
		return err
	}
	return s.showAct(page, http.StatusOK, p)
}

// donePage does what a form confirms, once, and leads to where it shows; what is refused is said above the same form.
func (s viewPages) donePage(ctx context.Context, page khttp.Context, act viewAct) error {
	form, err := postedForm(page)
	if err != nil {
		return err
	}
	p, err := s.asks(ctx, page, act)
	if err != nil {
		return err
	}
	of := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	p.Staff, p.Why, p.Rate, p.Sample, p.Count = of("staff"), of("why"), of("rate"), of("sample"), of("count")
	p.Anew, p.Fresh = form.Has("anew"), form.Has("fresh")
	if !act.Reads {
		callOf(ctx).actor, err = staffOf(form)
	}
	if err == nil {
		err = act.do(s, ctx, p)
	}
	if err != nil {
		no := problemOf(ctx, s.log, err)
		noteReason(ctx, no.Reason)
		p.Problem = no.Message
		return s.showAct(page, no.Code, p)
	}
	if p.Verdict != nil {
		return s.showAct(page, http.StatusOK, p)
	}
	back := "/views/" + p.View
	if act.Parked {
		back += "/parked"
	}
	http.Redirect(page.Response(), page.Request(), back+"?"+p.with("done", act.Name), http.StatusSeeOther)
	return nil
}

// with is the query of a page after the act: of a parked key the same generation is listed.
func (p *actPage) with(name, value string) string {
	q := url.Values{name: {value}}
	if p.Act.Parked && p.Generation != "" {
		q.Set("generation", p.Generation)
	}
	return q.Encode()
}

func (s viewPages) showAct(page khttp.Context, code int, p *actPage) error {
	return web.Render(page.Response(), code, "view_act", web.Page{Title: p.Act.Title + " " + p.View, Here: "/views", Body: p})
}

// asks gathers what the page of an act says before it is done.
func (s viewPages) asks(ctx context.Context, page khttp.Context, act viewAct) (*actPage, error) {
	view, err := s.view(page)
	if err != nil {
		return nil, err
	}
	q := page.Request().URL.Query()
	p := &actPage{Act: act, View: view.Name, Generation: q.Get("generation"), Key: q.Get("key")}
	if act.Parked {
		shown, err := parkedService{Gateway: s.Gateway}.Show(ctx, &parkedv1.ShowRequest{View: p.View, Generation: p.Generation, Key: p.Key})
		if err != nil {
			return nil, err
		}
		p.Facts = shown.Key.Facts
		return p, nil
	}
	replay := replayService{Gateway: s.Gateway}
	list, err := replay.list(ctx, p.View)
	if err != nil {
		return nil, err
	}
	p.Before = answeredBefore(list.Items)
	for _, g := range list.Items {
		if g.Served {
			p.Served = g
		}
		if g.Name == p.Generation {
			p.Of = g
		}
	}
	if p.Generation != "" && p.Of == nil {
		return nil, notFound("generation_unknown", "%s has no generation %q", p.View, p.Generation)
	}
	if act.Name == "apply" {
		if p.Plan, err = replay.Plan(ctx, &replayv1.PlanRequest{View: p.View}); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (s viewPages) apply(ctx context.Context, p *actPage) error {
	rate, err := typedCount("rate", p.Rate)
	if err != nil {
		return err
	}
	_, err = replayService{Gateway: s.Gateway}.Start(ctx, &replayv1.ApplyRequest{View: p.View, Rate: rate, Anew: p.Anew})
	return err
}

func (s viewPages) stop(ctx context.Context, p *actPage) error {
	_, err := replayService{Gateway: s.Gateway}.Stop(ctx, &replayv1.StopRequest{View: p.View})
	return err
}

func (s viewPages) verify(ctx context.Context, p *actPage) error {
	sample, err := typedCount("sample", p.Sample)
	if err != nil {
		return err
	}
	p.Verdict, err = replayService{Gateway: s.Gateway}.Check(ctx, &replayv1.VerifyRequest{View: p.View, Generation: p.Generation, Fresh: p.Fresh, Sample: sample})
	return err
}

func (s viewPages) promote(ctx context.Context, p *actPage) error {
	_, err := replayService{Gateway: s.Gateway}.Promote(ctx, &replayv1.PromoteRequest{View: p.View, Generation: p.Generation})
	return err
}

func (s viewPages) rollback(ctx context.Context, p *actPage) error {
	_, err := replayService{Gateway: s.Gateway}.Rollback(ctx, &replayv1.RollbackRequest{View: p.View})
	return err
}

func (s viewPages) retire(ctx context.Context, p *actPage) error {
	_, err := replayService{Gateway: s.Gateway}.Retire(ctx, &replayv1.RetireRequest{View: p.View, Generation: p.Generation})
	return err
}

func (s viewPages) retry(ctx context.Context, p *actPage) error {
	_, err := parkedService{Gateway: s.Gateway}.Retry(ctx, &parkedv1.RetryRequest{View: p.View, Generation: p.Generation, Key: p.Key, Why: p.Why})
	return err
}

func (s viewPages) drop(ctx context.Context, p *actPage) error {
	if p.Count == "" {
		return badField("count", "must say how many facts are forgotten: as many as are remembered")
	}
	count, err := typedCount("count", p.Count)
	if err != nil {
		return err
	}
	_, err = parkedService{Gateway: s.Gateway}.Drop(ctx, &parkedv1.DropRequest{View: p.View, Generation: p.Generation, Key: p.Key, Count: &count, Why: p.Why})
	return err
}

// typedCount is a whole number as it was typed; 0 for none.
func typedCount(field, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, badField(field, "must be a whole number, such as 1000")
	}
	return n, nil
}
