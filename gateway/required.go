package gateway

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	typesv1 "tillstream/gateway/api/types/v1"
)

// checkRequired wants every field that the proto says a request must give: none is never taken for 0.
func checkRequired(m proto.Message) error { return missing("", m.ProtoReflect()) }

func missing(at string, m protoreflect.Message) error {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		if !m.Has(fd) && isRequired(fd) {
			return badField(at+fd.TextName(), "is required")
		}
	}
	for fd, v := range m.Range {
		if fd.Kind() == protoreflect.MessageKind && !fd.IsList() && !fd.IsMap() {
			if err := missing(at+fd.TextName()+".", v.Message()); err != nil {
				return err
			}
		}
	}
	return nil
}

func isRequired(fd protoreflect.FieldDescriptor) bool {
	return proto.GetExtension(fd.Options(), typesv1.E_Required).(bool)
}
