package gateway

import (
	"net/http"

	khttp "github.com/go-kratos/kratos/v2/transport/http"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"

	"tillstream/gateway/api"
)

// mountPages serves what is no service: health, metrics, and the documentation.
func (g *Gateway) mountPages(server *khttp.Server) {
	page := func(path string, h http.HandlerFunc) {
		server.Route("/").Handle(http.MethodGet, path, func(ctx khttp.Context) error {
			noteRoute(ctx.Request().Context(), path)
			h(ctx.Response(), ctx.Request())
			return nil
		})
	}
	page("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		_ = writeJSON(w, http.StatusOK, []byte(`{"status":"ok"}`))
	})
	page("/readyz", g.ready)
	page("/metrics", promhttp.HandlerFor(g.deps.Metrics, promhttp.HandlerOpts{}).ServeHTTP)
	page("/openapi.yaml", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/yaml; charset=utf-8")
		_, _ = w.Write(api.OpenAPI)
	})
	docs := v5emb.NewHandlerWithConfig(swgui.Config{Title: "Tillstream", SwaggerJSON: "/openapi.yaml", BasePath: "/docs"})
	server.HandlePrefix("/docs", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		noteRoute(r.Context(), "/docs")
		docs.ServeHTTP(w, r)
	}))
}

func (g *Gateway) ready(w http.ResponseWriter, r *http.Request) {
	if err := g.deps.Platform.Ready(); err != nil {
		g.writeProblem(w, r, problem(http.StatusServiceUnavailable, "not_ready", "not ready yet: %v", err).with("retry_after", 1))
		return
	}
	_ = writeJSON(w, http.StatusOK, []byte(`{"status":"ready"}`))
}
