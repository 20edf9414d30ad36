package gateway

import (
	"context"
	"mime"
	"net/http"
	"net/url"
	"strings"

	khttp "github.com/go-kratos/kratos/v2/transport/http"

	"tillstream/events"
	"tillstream/gateway/web"
)

// formMost is how large the form of a page may be, in bytes.
const formMost = 4 << 10

// mountWeb serves the pages for people, and what they load.
func (g *Gateway) mountWeb(server *khttp.Server) {
	server.Route("/").Handle(http.MethodGet, "/assets/{name}", func(ctx khttp.Context) error {
		noteRoute(ctx.Request().Context(), "/assets/{name}")
		if !web.Asset(ctx.Response(), ctx.Request(), ctx.Vars().Get("name")) {
			return noSuchRoute(ctx.Request())
		}
		return nil
	})
	g.mountPage(server, http.MethodGet, "/", g.homePage)
	audit := auditService{Gateway: g}
	g.mountPage(server, http.MethodGet, "/audit", audit.listPage)
	g.mountPage(server, http.MethodGet, "/audit/events/{id}", audit.eventPage)
	g.mountPage(server, http.MethodPost, "/audit/events/{id}", audit.openedPage)
	views := viewPages{Gateway: g}
	g.mountPage(server, http.MethodGet, "/views", views.listPage)
	g.mountPage(server, http.MethodGet, "/views/{view}", views.viewPage)
	g.mountPage(server, http.MethodGet, "/views/{view}/parked", views.parkedPage)
	for _, act := range viewActs {
		path := "/views/{view}/" + act.Name
		g.mountPage(server, http.MethodGet, path, func(ctx context.Context, page khttp.Context) error { return views.askPage(ctx, page, act) })
		g.mountPage(server, http.MethodPost, path, func(ctx context.Context, page khttp.Context) error { return views.donePage(ctx, page, act) })
	}
}

// mountPage serves a page; what goes wrong is a page too.
func (g *Gateway) mountPage(server *khttp.Server, verb, path string, answer func(context.Context, khttp.Context) error) {
	server.Route("/").Handle(verb, path, func(ctx khttp.Context) error {
		w, r := ctx.Response(), ctx.Request()
		noteRoute(r.Context(), path)
		c, err := readCall(path, r.Header.Get, w.Header().Set)
		if err == nil {
			err = answer(withCall(r.Context(), c), ctx)
		}
		if err == nil {
			return nil
		}
		p := problemOf(r.Context(), g.log, err)
		noteReason(r.Context(), p.Reason)
		place := entryOf(path)
		return web.Render(w, p.Code, "problem", web.Page{Title: http.StatusText(p.Code), Here: place.Path, Body: struct {
			Title, Message string
			Back           web.Place
		}{http.StatusText(p.Code), p.Message, place}})
	})
}

// entryOf is the entry of the navigation that a path is below; the zero Place for none.
func entryOf(path string) web.Place {
	for _, p := range web.Places {
		if path == p.Path || strings.HasPrefix(path, p.Path+"/") {
			return p
		}
	}
	return web.Place{}
}

// ownForms refuses forms that pages of other sites sent, by what every browser says of them.
var ownForms = http.NewCrossOriginProtection()

// postedForm reads the form that was sent from a page of ours.
func postedForm(page khttp.Context) (url.Values, error) {
	r := page.Request()
	if err := ownForms.Check(r); err != nil {
		return nil, problem(http.StatusForbidden, "foreign_site", "pages of other sites may not speak to the shop: open it under its own address")
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, badField("content_type", "must be that of a form")
	}
	r.Body = http.MaxBytesReader(page.Response(), r.Body, formMost)
	if err := r.ParseForm(); err != nil {
		return nil, problem(http.StatusBadRequest, "body_unreadable", "the form did not arrive whole, or is larger than %d bytes", formMost)
	}
	return r.PostForm, nil
}

// staffOf is the member of staff that a form names.
func staffOf(form url.Values) (events.Actor, error) {
	actor, err := actorOf("staff:" + strings.TrimSpace(form.Get("staff")))
	if err != nil || !sees(actor) {
		return actor, badField("staff", "must be your name among the staff: 1 to 64 visible ASCII characters, and no space")
	}
	return actor, nil
}
