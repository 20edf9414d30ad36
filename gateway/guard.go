package gateway

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"
)

// Limits of the head of a request by HTTP, in bytes.
const (
	headerMost = 32 << 10  // of a head that is understood
	headerRead = 256 << 10 // of a head that is read, so that one too large is answered with a problem
)

// guard keeps out what no client of ours sends: paths that are not clean, heads without end, and pages of other sites that
// let a browser on this machine speak for them.
func (g *Gateway) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		site, escaped := r.Header.Get("Sec-Fetch-Site"), r.URL.EscapedPath()
		switch {
		case !ownHost(r.Host), site == "cross-site", site == "same-site":
			g.writeProblem(w, r, problem(http.StatusForbidden, "foreign_site",
				"pages of other sites may not speak to the shop: open it under its own address"))
			return
		case headSize(r) > headerMost:
			g.writeProblem(w, r, problem(http.StatusRequestHeaderFieldsTooLarge, "head_too_large",
				"the path and headers have more than %d bytes: send less in them", headerMost).with("limit", headerMost))
			return
		case path.Clean(escaped) != escaped && !strings.HasPrefix(escaped, "/docs"):
			g.writeProblem(w, r, noSuchRoute(r))
			return
		}
		if r.Method == http.MethodHead {
			ctx, cancel := context.WithCancel(r.Context())
			defer cancel()
			w, r = headOnly{w, cancel}, r.WithContext(ctx)
			r.Method = http.MethodGet
		}
		next.ServeHTTP(w, asEscaped(r, escaped))
	})
}

func headSize(r *http.Request) int {
	size := len(r.RequestURI)
	for name, values := range r.Header {
		for _, value := range values {
			size += len(name) + len(value) + len(": \r\n")
		}
	}
	return size
}

// headOnly answers a HEAD as the GET would be answered; the server leaves the body out. A stream, which flushes, has
// said all there is to say with its head.
type headOnly struct {
	http.ResponseWriter
	enough context.CancelFunc
}

// Flush implements http.Flusher.
func (h headOnly) Flush() {
	_ = http.NewResponseController(h.ResponseWriter).Flush()
	h.enough()
}

// asEscaped has the API find its way by the path as it was sent: an escaped slash is part of a SKU, not of the path.
// What stands in the path is unescaped when it is bound.
func asEscaped(r *http.Request, escaped string) *http.Request {
	if !strings.HasPrefix(escaped, "/v1/") {
		return r
	}
	as := *r
	as.URL = new(url.URL)
	*as.URL = *r.URL
	as.URL.Path, as.URL.RawPath = escaped, ""
	return &as
}

// ownHost tells whether a request names this machine, not a name that was made to point at it.
func ownHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func noSuchRoute(r *http.Request) *Problem {
	return notFound("route_unknown", "there is nothing at this path: /docs lists what there is").with("method", r.Method)
}

// noRoute answers for what no route serves.
func (g *Gateway) noRoute(w http.ResponseWriter, r *http.Request) {
	verbs := g.allowed(r.URL.Path)
	if len(verbs) == 0 || slices.Contains(verbs, r.Method) {
		g.writeProblem(w, r, noSuchRoute(r))
		return
	}
	w.Header().Set("Allow", strings.Join(verbs, ", "))
	g.writeProblem(w, r, problem(http.StatusMethodNotAllowed, "method_not_allowed", "this path knows %s only", strings.Join(verbs, ", ")).
		with("allowed", verbs))
}
