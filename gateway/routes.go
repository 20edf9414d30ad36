package gateway

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/go-kratos/kratos/v2/middleware"
	khttp "github.com/go-kratos/kratos/v2/transport/http"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	typesv1 "tillstream/gateway/api/types/v1"
	"tillstream/gateway/wirejson"
)

// service is one proto service and what serves it.
type service struct {
	desc *grpc.ServiceDesc
	impl any
}

// route is one way to a method by HTTP, as the proto says it.
type route struct {
	verb     string
	path     string // /v1/products/{sku}
	method   string // /tillstream.products.v1.Products/Get
	hasBody  bool
	bodyMost int64
	status   int // of an answer
	desc     grpc.MethodDesc
	impl     any
}

// isQuery tells whether the route only reads.
func (r route) isQuery() bool { return r.verb == http.MethodGet }

// Limits of bodies, in bytes.
const (
	bodyMost        = 64 << 10
	bodyMostProduct = 512 << 10 // a description of 64 KiB, escaped
	bodyMostOrder   = 2 << 20   // 1,500 lines
)

var bodyLimits = map[string]int64{
	"/tillstream.products.v1.Products/Register": bodyMostProduct,
	"/tillstream.products.v1.Products/Describe": bodyMostProduct,
	"/tillstream.orders.v1.Orders/Place":        bodyMostOrder,
}

// routesOf reads the HTTP bindings of a service from its descriptor, so that gRPC and REST have one definition. It
// panics on a service without a descriptor: a mistake of the program.
func routesOf(s service) (routes []route) {
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(s.desc.ServiceName))
	if err != nil {
		panic("gateway: " + err.Error())
	}
	methods := d.(protoreflect.ServiceDescriptor).Methods()
	for _, m := range s.desc.Methods {
		options := methods.ByName(protoreflect.Name(m.MethodName)).Options()
		rule, bound := proto.GetExtension(options, annotations.E_Http).(*annotations.HttpRule)
		if !bound || rule == nil {
			continue
		}
		for _, r := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
			one := route{method: "/" + s.desc.ServiceName + "/" + m.MethodName, hasBody: r.GetBody() != "", desc: m, impl: s.impl}
			one.verb, one.path = verbOf(r)
			one.status = http.StatusOK
			if proto.GetExtension(options, typesv1.E_Creates).(bool) {
				one.status = http.StatusCreated
			}
			if one.bodyMost = bodyLimits[one.method]; one.bodyMost == 0 {
				one.bodyMost = bodyMost
			}
			routes = append(routes, one)
		}
	}
	return routes
}

func verbOf(r *annotations.HttpRule) (verb, path string) {
	switch p := r.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		return http.MethodGet, p.Get
	case *annotations.HttpRule_Post:
		return http.MethodPost, p.Post
	case *annotations.HttpRule_Delete:
		return http.MethodDelete, p.Delete
	}
	panic(fmt.Sprintf("gateway: a binding of a kind this surface does not use: %v", r))
}

// mount serves a route by HTTP, through the same generated handler and the same middleware as by gRPC.
func (g *Gateway) mount(server *khttp.Server, r route) {
	path := strings.ReplaceAll(r.path, "{sku}", "{sku:.+}") // a SKU may hold a slash, escaped or not, and so may a key of a view
	path = strings.ReplaceAll(path, "{key}", "{key:.+}")
	server.Route("/").Handle(r.verb, path, func(ctx khttp.Context) error {
		khttp.SetOperation(ctx, r.method)
		noteRoute(ctx.Request().Context(), r.path)
		answer, err := r.desc.Handler(r.impl, ctx.Request().Context(),
			func(into any) error { return bind(ctx, r, into.(proto.Message)) },
			func(inner context.Context, in any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
				return ctx.Middleware(middleware.Handler(next))(inner, in)
			})
		if err != nil {
			return err
		}
		return writeJSON(ctx.Response(), r.status, wirejson.Marshal(answer.(proto.Message)))
	})
}

// way is a verb and the paths that it is known for.
type way struct {
	verb string
	path *regexp.Regexp
}

// parameter is a part of a path: {name}, or {name:form}.
var parameter = regexp.MustCompile(`\\\{[a-z_]+(?::([^}]*))?\\\}`)

// waysOf lists all that the server serves, the pages among it. It panics on a path that is no pattern: a mistake of the
// program.
func waysOf(server *khttp.Server) (ways []way) {
	err := server.WalkRoute(func(r khttp.RouteInfo) error {
		form := parameter.ReplaceAllStringFunc(regexp.QuoteMeta(r.Path), func(p string) string {
			if strings.Contains(p, ":") {
				return ".+"
			}
			return "[^/]+"
		})
		ways = append(ways, way{r.Method, regexp.MustCompile("^" + form + "$")})
		return nil
	})
	if err != nil {
		panic("gateway: " + err.Error())
	}
	return ways
}

// allowed lists the verbs that a path knows, sorted.
func (g *Gateway) allowed(path string) (verbs []string) {
	for _, w := range g.ways {
		if w.path.MatchString(path) {
			verbs = append(verbs, w.verb)
		}
	}
	if slices.Contains(verbs, http.MethodGet) {
		verbs = append(verbs, http.MethodHead)
	}
	slices.Sort(verbs)
	return slices.Compact(verbs)
}
