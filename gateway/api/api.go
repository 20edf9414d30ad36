// Package api holds the contract of every service: protos, the code generated from them, and their descriptors.
package api

import _ "embed"

//go:generate ./generate.sh

// OpenAPI describes the REST surface.
//
//go:embed openapi.yaml
var OpenAPI []byte
