// Command openapi writes the OpenAPI description of the REST surface from the descriptors of the protos.
package main

import (
	"fmt"
	"os"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	_ "google.golang.org/protobuf/types/known/timestamppb" // the protos import it
)

func main() {
	set, err := os.ReadFile(os.Args[1])
	if err == nil {
		var document []byte
		if document, err = describe(set); err == nil {
			_, err = os.Stdout.Write(document)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

// describe turns a FileDescriptorSet, with comments, into an OpenAPI document in YAML.
func describe(set []byte) ([]byte, error) {
	files, err := filesOf(set)
	if err != nil {
		return nil, err
	}
	d := &document{OpenAPI: "3.0.3", Paths: map[string]map[string]*operation{}, Components: components{Schemas: map[string]*schema{}}}
	d.Info.Title, d.Info.Version, d.Info.Description = "Tillstream", "1", about
	d.Components.Schemas["Problem"] = problemSchema()
	for _, f := range files {
		for i := range f.Services().Len() {
			d.service(f.Services().Get(i))
		}
	}
	return yaml.Marshal(d)
}

const about = `The shop: commands record facts, queries read views that are folded from them.

A command takes an Idempotency-Key and answers a Consistency-Token; a query that is given the token waits, bounded,
until its view shows what the command recorded. Every error is a Problem with a stable reason.`

// known finds what is not among the files themselves in this program.
type known struct{ *protoregistry.Files }

func (k known) FindFileByPath(path string) (protoreflect.FileDescriptor, error) {
	if f, err := k.Files.FindFileByPath(path); err == nil {
		return f, nil
	}
	return protoregistry.GlobalFiles.FindFileByPath(path)
}

func (k known) FindDescriptorByName(name protoreflect.FullName) (protoreflect.Descriptor, error) {
	if d, err := k.Files.FindDescriptorByName(name); err == nil {
		return d, nil
	}
	return protoregistry.GlobalFiles.FindDescriptorByName(name)
}

func filesOf(set []byte) (files []protoreflect.FileDescriptor, err error) {
	var all descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(set, &all); err != nil {
		return nil, fmt.Errorf("the descriptors are not readable: %w", err)
	}
	registry := known{new(protoregistry.Files)}
	for _, fd := range all.File {
		f, err := protodesc.NewFile(fd, registry)
		if err != nil {
			return nil, err
		}
		if err := registry.RegisterFile(f); err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}
