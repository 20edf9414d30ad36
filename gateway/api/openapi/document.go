package main

import (
	"maps"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	typesv1 "tillstream/gateway/api/types/v1"
)

type document struct {
	OpenAPI string `yaml:"openapi"`
	Info    struct {
		Title       string `yaml:"title"`
		Version     string `yaml:"version"`
		Description string `yaml:"description"`
	} `yaml:"info"`
	Tags       []tag                            `yaml:"tags"`
	Paths      map[string]map[string]*operation `yaml:"paths"`
	Components components                       `yaml:"components"`
}

type tag struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description,omitempty"`
}

type components struct {
	Schemas map[string]*schema `yaml:"schemas"`
}

type operation struct {
	Tags        []string            `yaml:"tags"`
	Summary     string              `yaml:"summary"`
	Description string              `yaml:"description,omitempty"`
	OperationID string              `yaml:"operationId"`
	Parameters  []parameter         `yaml:"parameters,omitempty"`
	RequestBody *body               `yaml:"requestBody,omitempty"`
	Responses   map[string]response `yaml:"responses"`
}

type parameter struct {
	Name        string  `yaml:"name"`
	In          string  `yaml:"in"`
	Description string  `yaml:"description,omitempty"`
	Required    bool    `yaml:"required,omitempty"`
	Schema      *schema `yaml:"schema"`
}

type body struct {
	Required bool             `yaml:"required,omitempty"`
	Content  map[string]media `yaml:"content"`
}

type response struct {
	Description string            `yaml:"description"`
	Headers     map[string]header `yaml:"headers,omitempty"`
	Content     map[string]media  `yaml:"content,omitempty"`
}

type header struct {
	Description string  `yaml:"description"`
	Schema      *schema `yaml:"schema"`
}

type media struct {
	Schema *schema `yaml:"schema"`
}

func inJSON(s *schema) map[string]media { return map[string]media{"application/json": {s}} }

func (d *document) service(s protoreflect.ServiceDescriptor) {
	name := string(s.Name())
	bound := false
	for i := range s.Methods().Len() {
		m := s.Methods().Get(i)
		rule, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
		if rule == nil {
			continue
		}
		bound = true
		for n, r := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
			d.operation(m, r, n)
		}
	}
	if bound {
		d.Tags = append(d.Tags, tag{name, commentOf(s)})
	}
}

func (d *document) operation(m protoreflect.MethodDescriptor, r *annotations.HttpRule, n int) {
	verb, path := verbOf(r)
	summary, more, _ := strings.Cut(commentOf(m), ". ")
	op := &operation{Tags: []string{string(m.Parent().Name())}, Summary: strings.TrimSuffix(summary, "."), Description: more,
		OperationID: string(m.Parent().Name()) + string(m.Name()) + strings.Repeat("Again", n)}
	inPath := pathFields(path)
	for _, name := range inPath {
		fd := m.Input().Fields().ByTextName(name)
		op.Parameters = append(op.Parameters, parameter{name, "path", commentOf(fd), true, d.field(fd)})
	}
	if verb == "get" {
		op.Parameters = append(append(op.Parameters, d.query(m.Input(), inPath)...), waiting...)
	} else {
		op.Parameters = append(op.Parameters, asking...)
	}
	if r.GetBody() != "" {
		op.RequestBody = &body{Content: inJSON(d.message(m.Input(), inPath))}
	}
	op.Responses = d.responses(m, verb)
	if d.Paths[path] == nil {
		d.Paths[path] = map[string]*operation{}
	}
	d.Paths[path][verb] = op
}

func verbOf(r *annotations.HttpRule) (verb, path string) {
	switch p := r.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		return "get", p.Get
	case *annotations.HttpRule_Post:
		return "post", p.Post
	case *annotations.HttpRule_Delete:
		return "delete", p.Delete
	}
	panic("openapi: a binding of a kind this surface does not use")
}

func pathFields(path string) (names []string) {
	for _, part := range strings.Split(path, "/") {
		if strings.HasPrefix(part, "{") {
			names = append(names, strings.Trim(part, "{}"))
		}
	}
	return names
}

func (d *document) query(m protoreflect.MessageDescriptor, inPath []string) (list []parameter) {
	for i := range m.Fields().Len() {
		if fd := m.Fields().Get(i); !slices.Contains(inPath, fd.TextName()) {
			list = append(list, parameter{fd.TextName(), "query", commentOf(fd), false, d.field(fd)})
		}
	}
	return list
}

var (
	asking = []parameter{
		{"Idempotency-Key", "header", "1 to 255 printable characters. The same key and body get the same answer.", false, text},
		{"X-Actor", "header", "Who asks, as kind:id.", false, text},
		{"Business-Time", "header", "When it was so, if that was not now: a time with its zone, from 1900 to a day from now. Of staff alone.", false, text},
	}
	waiting = []parameter{
		{"token", "query", "A Consistency-Token: wait until the view shows what that command recorded.", false, text},
		{"max_wait", "query", "How long to wait at most: 0s to 30s; default 2s.", false, text},
		{"X-Actor", "header", "Who asks, as kind:id.", false, text},
	}
	told = map[string]header{
		"As-Of-Position": {"Where the view stands.", text},
		"Lag-Ms":         {"How far it is behind the log, in milliseconds.", text},
	}
	ofTimes = map[string]header{
		"As-Of":    {"The as_of that the answer is of, in UTC.", text},
		"Known-At": {"The known_at that the answer is of, in UTC.", text},
	}
	recorded = map[string]header{
		"Consistency-Token":    {"Hand it to a query that must show what this recorded.", text},
		"Idempotency-Replayed": {"true: this was recorded before, and is answered as then.", text},
	}
)

func (d *document) responses(m protoreflect.MethodDescriptor, verb string) map[string]response {
	code, headers := "200", told
	if proto.GetExtension(m.Options(), typesv1.E_Creates).(bool) {
		code = "201"
	}
	switch {
	case verb != "get":
		headers = recorded
	case m.Input().Fields().ByName("known_at") != nil:
		headers = maps.Clone(told)
		maps.Copy(headers, ofTimes)
	}
	content := inJSON(d.message(m.Output(), nil))
	if typ := proto.GetExtension(m.Options(), typesv1.E_Answers).(string); typ != "" {
		content = map[string]media{typ: {text}}
	}
	return map[string]response{
		code:      {"Done.", headers, content},
		"default": {"Not done; the reason is stable.", nil, inJSON(&schema{Ref: "#/components/schemas/Problem"})},
	}
}

// commentOf is what the proto says above or behind a declaration.
func commentOf(d protoreflect.Descriptor) string {
	loc := d.ParentFile().SourceLocations().ByDescriptor(d)
	return strings.Join(strings.Fields(loc.LeadingComments+" "+loc.TrailingComments), " ")
}
