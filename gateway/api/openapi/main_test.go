package main

import (
	"bytes"
	"os"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestTheDescriptionIsOfTheProtosAsTheyAre(t *testing.T) {
	set, err := os.ReadFile("../api.binpb")
	if err != nil {
		t.Fatal(err)
	}
	want, err := describe(set)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../openapi.yaml")
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("openapi.yaml is old: run go generate ./gateway/api (%v)", err)
	}
}

// Every reference leads somewhere, and every operation has a name of its own.
func TestTheDescriptionIsWhole(t *testing.T) {
	b, err := os.ReadFile("../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := yaml.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for path, ops := range d.Paths {
		for verb, op := range ops {
			if ids[op.OperationID] || op.Summary == "" {
				t.Errorf("%s %s: %q is there twice, or says nothing", verb, path, op.OperationID)
			}
			ids[op.OperationID] = true
		}
	}
	for _, ref := range bytes.Split(b, []byte("#/components/schemas/"))[1:] {
		name := string(bytes.TrimRight(ref[:bytes.IndexByte(ref, '\n')], "'\""))
		if d.Components.Schemas[name] == nil {
			t.Errorf("nothing is called %s", name)
		}
	}
}
