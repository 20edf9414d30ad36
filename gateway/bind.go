package gateway

import (
	"errors"
	"io"
	"net/http"
	"net/url"

	khttp "github.com/go-kratos/kratos/v2/transport/http"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tillstream/gateway/wirejson"
)

// bind reads a request into a message: the body or the query, and what the path names. Every name must be known, and
// said once.
func bind(ctx khttp.Context, r route, m proto.Message) error {
	query, err := url.ParseQuery(ctx.Request().URL.RawQuery)
	if err != nil {
		return badField("query", "is not readable: %v", err)
	}
	if r.isQuery() {
		if err := liftWaiting(ctx.Request().Header, query); err != nil {
			return err
		}
	}
	if r.hasBody {
		body, err := bodyOf(ctx, r)
		if err != nil {
			return err
		}
		if len(body) > 0 {
			if err := wirejson.Unmarshal(body, m); err != nil {
				return err
			}
		}
	}
	if r.hasBody || r.verb == http.MethodDelete {
		for name := range query {
			return badField(name, "is not a known query parameter of this path")
		}
	}
	if err := bindValues(query, m); err != nil {
		return err
	}
	return bindPath(ctx.Vars(), m)
}

// liftWaiting moves what every query takes to the headers it may come in as well.
func liftWaiting(header http.Header, query url.Values) error {
	for name, headerName := range map[string]string{"token": headerToken, "max_wait": headerMaxWait} {
		values, given := query[name]
		if !given {
			continue
		}
		if len(values) > 1 {
			return badField(name, "is given %d times", len(values))
		}
		header.Set(headerName, values[0])
		query.Del(name)
	}
	return nil
}

func bodyOf(ctx khttp.Context, r route) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(ctx.Response(), ctx.Request().Body, r.bodyMost))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, problem(http.StatusRequestEntityTooLarge, "body_too_large", "the body has more than the %d bytes that %s %s takes", r.bodyMost, r.verb, r.path).
			with("limit", r.bodyMost)
	case err != nil:
		return nil, problem(http.StatusBadRequest, "body_unreadable", "the body did not arrive whole")
	}
	return body, nil
}

func bindValues(values url.Values, m proto.Message) error {
	fields := m.ProtoReflect().Descriptor().Fields()
	for name, given := range values {
		fd := fields.ByTextName(name)
		if fd == nil || fd.IsList() || fd.IsMap() {
			return badField(name, "is not a known query parameter of this path")
		}
		if len(given) > 1 {
			return badField(name, "is given %d times", len(given))
		}
		if given[0] == "" && !(fd.HasOptionalKeyword() && fd.Kind() == protoreflect.StringKind) {
			continue // but for text that may be asked for as empty
		}
		if err := bindText(m, fd, given[0]); err != nil {
			return err
		}
		if name == "limit" && !m.ProtoReflect().Has(fd) {
			return badLimit() // 0 was given, which the message cannot tell from none
		}
	}
	return nil
}

// bindPath is last: a body may repeat what the path names, but not otherwise.
func bindPath(vars url.Values, m proto.Message) error {
	fields := m.ProtoReflect().Descriptor().Fields()
	for name, escaped := range vars {
		fd := fields.ByTextName(name)
		given, err := url.PathUnescape(escaped[0])
		if err != nil {
			return badField(name, "is not readable in the path: %v", err)
		}
		was := m.ProtoReflect().Get(fd).String()
		if was != "" && was != given {
			return badField(name, "is %q in the body and %q in the path", was, given)
		}
		if err := bindText(m, fd, given); err != nil {
			return err
		}
	}
	return nil
}

func bindText(m proto.Message, fd protoreflect.FieldDescriptor, text string) error {
	name := fd.TextName()
	if fd.Kind() == protoreflect.MessageKind {
		if _, isTime := m.ProtoReflect().Get(fd).Message().Interface().(*timestamppb.Timestamp); !isTime {
			return badField(name, "is not a known query parameter of this path")
		}
		t, err := wirejson.Time(name, text)
		if err != nil {
			return err
		}
		m.ProtoReflect().Set(fd, protoreflect.ValueOfMessage(t.ProtoReflect()))
		return nil
	}
	v, err := wirejson.Scalar(name, fd, text)
	if err != nil {
		return err
	}
	m.ProtoReflect().Set(fd, v)
	return nil
}
