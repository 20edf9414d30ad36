package gateway

import (
	"context"
	"net/http"

	khttp "github.com/go-kratos/kratos/v2/transport/http"

	"tillstream/gateway/web"
)

// homePage says how the platform is in three numbers, and leads on.
func (g *Gateway) homePage(ctx context.Context, page khttp.Context) error {
	p := struct {
		Events         uint64
		Views, Serving int
		Source, Ready  string
	}{}
	is, err := g.deps.Platform.Status(ctx)
	if err != nil {
		return err
	}
	p.Events, p.Source = is.Events, is.Source
	for _, v := range g.deps.Platform.Views() {
		p.Views++
		if v.Serving {
			p.Serving++
		}
	}
	if err := g.deps.Platform.Ready(); err != nil {
		p.Ready = err.Error()
	}
	return web.Render(page.Response(), http.StatusOK, "home", web.Page{Title: "The platform", Here: "/", Body: p})
}
