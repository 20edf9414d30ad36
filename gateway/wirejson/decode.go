package wirejson

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	typesv1 "tillstream/gateway/api/types/v1"
)

// depthMax is how deep messages may nest; the deepest of this surface is 4.
const depthMax = 16

// FieldError says which field of a body is not understood, and why. Field is empty when the body is no JSON at all.
type FieldError struct {
	Field string // lines[2].quantity
	Text  string // what is wrong with it
}

func (e *FieldError) Error() string {
	if e.Field == "" {
		return e.Text
	}
	return e.Field + " " + e.Text
}

// Unmarshal reads one JSON object into m, which should be empty. Names are the proto's; null is as if it were not
// there; whole numbers may be strings; nothing unknown, repeated, or behind the object is allowed. It fails with a
// *FieldError.
func Unmarshal(b []byte, m proto.Message) error {
	if !utf8.Valid(b) {
		return &FieldError{Text: "the body is not UTF-8"}
	}
	r := reader{json.NewDecoder(bytes.NewReader(b))}
	r.UseNumber()
	t, err := r.next("")
	if err != nil {
		return err
	}
	if t != json.Delim('{') {
		return &FieldError{Text: "the body must be one JSON object"}
	}
	if err := r.message("", m.ProtoReflect(), depthMax); err != nil {
		return err
	}
	if _, err := r.Token(); !errors.Is(err, io.EOF) {
		return &FieldError{Text: "the body goes on behind its JSON object"}
	}
	return nil
}

type reader struct{ *json.Decoder }

func (r reader) next(field string) (json.Token, error) {
	t, err := r.Token()
	switch {
	case err != nil && field == "":
		return nil, &FieldError{Text: "the body is no JSON: " + plain(err)}
	case err != nil:
		return nil, &FieldError{field, "is where the body stops being JSON: " + plain(err)}
	}
	return t, nil
}

func plain(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "it ends too early"
	}
	return err.Error()
}

// message reads the fields of m after its opening brace.
func (r reader) message(at string, m protoreflect.Message, depth int) error {
	if depth == 0 {
		return &FieldError{at, fmt.Sprintf("is nested deeper than %d", depthMax)}
	}
	seen := map[string]bool{}
	for {
		t, err := r.next(at)
		if err != nil {
			return err
		}
		name, more := t.(string)
		if !more {
			return nil
		}
		field := join(at, name)
		fd := m.Descriptor().Fields().ByTextName(name)
		switch {
		case fd == nil:
			return &FieldError{field, "is not a known field"}
		case seen[name]:
			return &FieldError{field, "is given twice"}
		}
		seen[name] = true
		if err := r.field(field, m, fd, depth); err != nil {
			return err
		}
	}
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

func (r reader) field(at string, m protoreflect.Message, fd protoreflect.FieldDescriptor, depth int) error {
	t, err := r.next(at)
	if err != nil || t == nil {
		return err
	}
	if fd.IsMap() {
		return &FieldError{at, "cannot be given"}
	}
	if !fd.IsList() {
		v, err := r.value(at, t, fd, m.NewField(fd), depth)
		if err == nil {
			m.Set(fd, v)
		}
		return err
	}
	if t != json.Delim('[') {
		return &FieldError{at, "must be a list"}
	}
	list := m.Mutable(fd).List()
	for i := 0; ; i++ {
		item := at + "[" + strconv.Itoa(i) + "]"
		t, err := r.next(item)
		if err != nil {
			return err
		}
		if t == json.Delim(']') {
			return nil
		}
		v, err := r.value(item, t, fd, list.NewElement(), depth)
		if err != nil {
			return err
		}
		list.Append(v)
	}
}

func (r reader) value(at string, t json.Token, fd protoreflect.FieldDescriptor, empty protoreflect.Value, depth int) (protoreflect.Value, error) {
	if fd.Kind() == protoreflect.MessageKind {
		return empty, r.nested(at, t, empty.Message(), depth)
	}
	var text string
	switch t := t.(type) {
	case bool:
		if fd.Kind() == protoreflect.BoolKind {
			return protoreflect.ValueOfBool(t), nil
		}
		return empty, mustBe(at, fd)
	case json.Number:
		if fd.Kind() == protoreflect.StringKind || fd.Kind() == protoreflect.BytesKind || fd.Kind() == protoreflect.BoolKind {
			return empty, mustBe(at, fd)
		}
		text = t.String()
	case string:
		text = t
		if fd.Kind() == protoreflect.BoolKind {
			return empty, mustBe(at, fd)
		}
	default:
		return empty, mustBe(at, fd)
	}
	return Scalar(at, fd, text)
}

func (r reader) nested(at string, t json.Token, m protoreflect.Message, depth int) error {
	text, isText := t.(string)
	switch v := m.Interface().(type) {
	case *timestamppb.Timestamp:
		if !isText {
			return &FieldError{at, "must be a time, such as \"2010-12-01T08:26:00Z\""}
		}
		parsed, err := Time(at, text)
		if err == nil {
			proto.Merge(v, parsed)
		}
		return err
	case *typesv1.Address:
		if isText {
			v.Text = text
			return nil
		}
	}
	if t != json.Delim('{') {
		return &FieldError{at, "must be an object"}
	}
	return r.message(at, m, depth-1)
}

// Time reads an RFC 3339 time with a zone, of the years 1 to 9999.
func Time(at, text string) (*timestamppb.Timestamp, error) {
	t, err := time.Parse(time.RFC3339Nano, text)
	stamp := timestamppb.New(t)
	if err != nil || !stamp.IsValid() || strings.Contains(text, ",") {
		return nil, &FieldError{at, "must be a time with its zone, such as \"2010-12-01T08:26:00Z\""}
	}
	return stamp, nil
}

// Scalar reads a field that is no message from text, as it stands in a query or in quotes.
func Scalar(at string, fd protoreflect.FieldDescriptor, text string) (v protoreflect.Value, err error) {
	switch fd.Kind() {
	case protoreflect.StringKind:
		if strings.ContainsRune(text, 0) {
			return v, &FieldError{at, "may not hold the character NUL"}
		}
		return protoreflect.ValueOfString(text), nil
	case protoreflect.BytesKind:
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return v, mustBe(at, fd)
		}
		return protoreflect.ValueOfBytes(b), nil
	case protoreflect.BoolKind:
		if text != "true" && text != "false" {
			return v, mustBe(at, fd)
		}
		return protoreflect.ValueOfBool(text == "true"), nil
	}
	return whole(at, fd, text)
}

func whole(at string, fd protoreflect.FieldDescriptor, text string) (v protoreflect.Value, err error) {
	if strings.HasPrefix(text, "+") {
		return v, mustBe(at, fd)
	}
	var i int64
	var u uint64
	switch fd.Kind() {
	case protoreflect.Int64Kind:
		i, err = strconv.ParseInt(text, 10, 64)
		v = protoreflect.ValueOfInt64(i)
	case protoreflect.Int32Kind:
		i, err = strconv.ParseInt(text, 10, 32)
		v = protoreflect.ValueOfInt32(int32(i))
	case protoreflect.Uint64Kind:
		u, err = strconv.ParseUint(text, 10, 64)
		v = protoreflect.ValueOfUint64(u)
	case protoreflect.Uint32Kind:
		u, err = strconv.ParseUint(text, 10, 32)
		v = protoreflect.ValueOfUint32(uint32(u))
	}
	if err != nil || !v.IsValid() {
		return protoreflect.Value{}, mustBe(at, fd)
	}
	return v, nil
}

func mustBe(at string, fd protoreflect.FieldDescriptor) *FieldError {
	kinds := map[protoreflect.Kind]string{
		protoreflect.StringKind: "text",
		protoreflect.BytesKind:  "base64 text",
		protoreflect.BoolKind:   "true or false",
		protoreflect.Int64Kind:  "a whole number of 64 bits",
		protoreflect.Int32Kind:  "a whole number of 32 bits",
		protoreflect.Uint64Kind: "a whole number of 64 bits, not negative",
		protoreflect.Uint32Kind: "a whole number of 32 bits, not negative",
	}
	return &FieldError{at, "must be " + kinds[fd.Kind()]}
}
