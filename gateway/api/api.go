// Package api holds the contract of every service: protos, the code generated from them, and their descriptors.
package api

import _ "embed"

//go:generate ./generate.sh

// Descriptors is the FileDescriptorSet of every proto here, comments included.
//
//go:embed api.binpb
var Descriptors []byte

// OpenAPI describes the REST surface.
//
//go:embed openapi.yaml
var OpenAPI []byte
