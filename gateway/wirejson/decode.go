package wirejson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
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
	r := reader{json.NewDecoder(bytes.NewReader(b)), b}
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

type reader struct {
	*json.Decoder
	body []byte
}

func (r reader) next(field string) (json.Token, error) {
	from := r.InputOffset()
	t, err := r.Token()
	switch {
	case err != nil && field == "":
		return nil, &FieldError{Text: "the body is no JSON: " + plain(err)}
	case err != nil:
		return nil, &FieldError{field, "is where the body stops being JSON: " + plain(err)}
	}
	if half := halfPair(t, r.body[from:r.InputOffset()]); half != "" {
		return nil, &FieldError{field, "holds " + half + ", half of a surrogate pair, which is no character"}
	}
	return t, nil
}

// halfPair finds an escape such as \ud800 that stands alone in the source of a string. The decoder makes U+FFFD of it, so
// that two different texts would become one.
func halfPair(t json.Token, source []byte) string {
	if text, is := t.(string); !is || !strings.ContainsRune(text, utf8.RuneError) {
		return ""
	}
	for i := 0; i < len(source); i++ {
		if source[i] != '\\' {
			continue
		}
		switch first, second := unit(source[i:]), unit(source[min(i+6, len(source)):]); {
		case utf16.DecodeRune(first, second) != utf8.RuneError:
			i += 11
		case utf16.IsSurrogate(first):
			return string(source[i : i+6])
		default:
			i++ // the escaped character, or the u of an escape
		}
	}
	return ""
}

// unit is the UTF-16 unit that source begins with as an escape; 0 when it does not.
func unit(source []byte) rune {
	if len(source) < 6 || source[0] != '\\' || source[1] != 'u' {
		return 0
	}
	n, err := strconv.ParseUint(string(source[2:6]), 16, 16)
	if err != nil {
		return 0
	}
	return rune(n)
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
