// Package wirejson is the JSON of the shop's HTTP surface: proto messages with snake_case names and 64-bit numbers as
// numbers.
package wirejson

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	typesv1 "tillstream/gateway/api/types/v1"
)

// Marshal is m as clients read it: every field is there, a list that is empty is [], a message or optional field that is
// not set is null, times are RFC 3339 in UTC. Fields marked omitted_when_unset are left out instead, those
// marked json stand there as they are. The same message
// gives the same bytes.
func Marshal(m proto.Message) []byte { return appendMessage(nil, m.ProtoReflect(), false) }

// Canonical is m with the fields alone that are set: the same for as long as the meaning of the request is, since a field
// added to the proto later does not change it.
func Canonical(m proto.Message) []byte { return appendMessage(nil, m.ProtoReflect(), true) }

func appendMessage(b []byte, m protoreflect.Message, setOnly bool) []byte {
	switch v := m.Interface().(type) {
	case *timestamppb.Timestamp:
		return append(v.AsTime().AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
	case *typesv1.Address:
		if v.GetText() != "" && proto.Equal(v, &typesv1.Address{Text: v.Text}) {
			return AppendString(b, v.GetText())
		}
	}
	b = append(b, '{')
	fields := m.Descriptor().Fields()
	first := true
	for i := range fields.Len() {
		fd := fields.Get(i)
		if !m.Has(fd) && (setOnly || omitted(fd)) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(AppendString(b, fd.TextName()), ':')
		b = appendField(b, m, fd, setOnly)
	}
	return append(b, '}')
}

func omitted(fd protoreflect.FieldDescriptor) bool {
	return fd.ContainingOneof() != nil && !fd.HasOptionalKeyword() ||
		proto.GetExtension(fd.Options(), typesv1.E_OmittedWhenUnset).(bool)
}

func appendField(b []byte, m protoreflect.Message, fd protoreflect.FieldDescriptor, setOnly bool) []byte {
	switch v := m.Get(fd); {
	case fd.IsMap():
		return appendMap(b, fd, v.Map(), setOnly)
	case fd.IsList():
		b = append(b, '[')
		for i := range v.List().Len() {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, fd, v.List().Get(i), setOnly)
		}
		return append(b, ']')
	case fd.HasPresence() && !m.Has(fd):
		return append(b, "null"...)
	default:
		return appendValue(b, fd, v, setOnly)
	}
}

func appendMap(b []byte, fd protoreflect.FieldDescriptor, m protoreflect.Map, setOnly bool) []byte {
	keys := make([]string, 0, m.Len())
	values := make(map[string]protoreflect.Value, m.Len())
	for k, v := range m.Range {
		keys = append(keys, k.String())
		values[k.String()] = v
	}
	slices.Sort(keys)
	b = append(b, '{')
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(AppendString(b, k), ':')
		b = appendValue(b, fd.MapValue(), values[k], setOnly)
	}
	return append(b, '}')
}

func appendValue(b []byte, fd protoreflect.FieldDescriptor, v protoreflect.Value, setOnly bool) []byte {
	switch fd.Kind() {
	case protoreflect.StringKind:
		if !setOnly && isJSON(fd) {
			return appendRaw(b, v.String())
		}
		return AppendString(b, v.String())
	case protoreflect.BoolKind:
		return strconv.AppendBool(b, v.Bool())
	case protoreflect.Int32Kind, protoreflect.Int64Kind:
		return strconv.AppendInt(b, v.Int(), 10)
	case protoreflect.Uint32Kind, protoreflect.Uint64Kind:
		return strconv.AppendUint(b, v.Uint(), 10)
	case protoreflect.BytesKind:
		return append(base64.StdEncoding.AppendEncode(append(b, '"'), v.Bytes()), '"')
	case protoreflect.MessageKind:
		return appendMessage(b, v.Message(), setOnly)
	}
	panic(fmt.Sprintf("wirejson: %s is of kind %s, which this surface does not use", fd.FullName(), fd.Kind()))
}

func isJSON(fd protoreflect.FieldDescriptor) bool {
	return proto.GetExtension(fd.Options(), typesv1.E_Json).(bool)
}

// appendRaw appends text that is JSON, but for text that is not, which becomes a string rather than a broken answer.
func appendRaw(b []byte, text string) []byte {
	switch {
	case text == "":
		return append(b, "null"...)
	case !json.Valid([]byte(text)):
		return AppendString(b, text)
	}
	return append(b, text...)
}

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string. What is not UTF-8 becomes U+FFFD.
func AppendString(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r < ' ':
			b = append(b, `\u00`...)
			b = append(b, hexDigits[r>>4], hexDigits[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
