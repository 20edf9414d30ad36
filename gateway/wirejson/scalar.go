package wirejson

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
)

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
