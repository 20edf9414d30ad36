#!/bin/sh
# Writes the Go code, the descriptor set and the OpenAPI description of every proto here. Needs protoc 3.21 or later; the plugins are built from
# the module proxy into a temporary directory, at the versions below.
set -eu
cd "$(dirname "$0")"
bin="${TILL_PROTOC_PLUGINS:-}"
if [ -z "$bin" ]; then
	bin=$(mktemp -d)
	trap 'rm -rf "$bin"' EXIT
	GOBIN=$bin GOFLAGS= go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
	GOBIN=$bin GOFLAGS= go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.0
fi
protos=$(find . -name '*.proto' -not -path './third_party/*' | sed 's|^\./||' | LC_ALL=C sort)
PATH="$bin:$PATH" protoc -I . -I third_party \
	--go_out=. --go_opt=paths=source_relative \
	--go-grpc_out=. --go-grpc_opt=paths=source_relative \
	--include_source_info --descriptor_set_out=api.binpb \
	$protos
go run ./openapi api.binpb >openapi.yaml.new
mv openapi.yaml.new openapi.yaml
