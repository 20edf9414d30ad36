package main

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	typesv1 "tillstream/gateway/api/types/v1"
)

type schema struct {
	Ref                  string     `yaml:"$ref,omitempty"`
	Type                 string     `yaml:"type,omitempty"`
	Format               string     `yaml:"format,omitempty"`
	Description          string     `yaml:"description,omitempty"`
	Nullable             bool       `yaml:"nullable,omitempty"`
	AllOf                []*schema  `yaml:"allOf,omitempty"`
	OneOf                []*schema  `yaml:"oneOf,omitempty"`
	Items                *schema    `yaml:"items,omitempty"`
	Properties           properties `yaml:"properties,omitempty"`
	Required             []string   `yaml:"required,omitempty"`
	AdditionalProperties *schema    `yaml:"additionalProperties,omitempty"`
}

type properties map[string]*schema

var text = &schema{Type: "string"}

func problemSchema() *schema {
	return &schema{Type: "object", Required: []string{"code", "reason", "message", "details"}, Properties: properties{
		"code":    {Type: "integer", Description: "The HTTP status."},
		"reason":  {Type: "string", Description: "Stable; docs/errors.md lists them all."},
		"message": {Type: "string", Description: "For people: what was asked, of what, and what to do."},
		"details": {Type: "object", Description: "For programs."},
	}}
}

// message refers to the schema of a message, which is added when it is met first. Fields that the path names are left
// out of a request.
func (d *document) message(m protoreflect.MessageDescriptor, without []string) *schema {
	switch m.FullName() {
	case "google.protobuf.Timestamp":
		return &schema{Type: "string", Format: "date-time"}
	}
	parts := strings.Split(string(m.FullName()), ".") // tillstream.products.v1.Product
	name := parts[1] + "." + parts[len(parts)-1]
	ref := &schema{Ref: "#/components/schemas/" + name}
	if _, met := d.Components.Schemas[name]; met {
		return ref
	}
	s := &schema{Type: "object", Description: commentOf(m), Properties: properties{}}
	d.Components.Schemas[name] = s
	for i := range m.Fields().Len() {
		if fd := m.Fields().Get(i); !slices.Contains(without, fd.TextName()) {
			s.Properties[fd.TextName()] = d.field(fd)
			if isRequired(fd) {
				s.Required = append(s.Required, fd.TextName())
			}
		}
	}
	if m.FullName() == proto.MessageName(&typesv1.Address{}) {
		d.Components.Schemas[name] = &schema{Description: s.Description, OneOf: []*schema{text, {Type: "object", Properties: s.Properties}}}
	}
	return ref
}

func (d *document) field(fd protoreflect.FieldDescriptor) *schema {
	one := d.single(fd)
	switch {
	case fd.IsMap():
		one = &schema{Type: "object", AdditionalProperties: d.single(fd.MapValue())}
	case fd.IsList():
		one = &schema{Type: "array", Items: one}
	case fd.HasPresence() && !isRequired(fd):
		if one.Ref != "" { // what stands beside $ref is ignored
			one = &schema{AllOf: []*schema{one}}
		}
		one.Nullable = true
	}
	if one.Ref == "" {
		one.Description = commentOf(fd)
	}
	return one
}

func isRequired(fd protoreflect.FieldDescriptor) bool {
	return proto.GetExtension(fd.Options(), typesv1.E_Required).(bool)
}

func (d *document) single(fd protoreflect.FieldDescriptor) *schema {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return &schema{Type: "boolean"}
	case protoreflect.Int32Kind, protoreflect.Uint32Kind:
		return &schema{Type: "integer", Format: "int32"}
	case protoreflect.Int64Kind, protoreflect.Uint64Kind:
		return &schema{Type: "integer", Format: "int64"}
	case protoreflect.StringKind:
		if proto.GetExtension(fd.Options(), typesv1.E_Json).(bool) {
			return &schema{Nullable: true} // of any type
		}
	case protoreflect.MessageKind:
		if !fd.IsMap() {
			return d.message(fd.Message(), nil)
		}
	}
	return &schema{Type: "string"}
}
