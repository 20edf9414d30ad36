package gateway

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"tillstream/gateway/wirejson"
)

const (
	cursorVersion = 1
	cursorMAC     = 12 // bytes
)

// Limits of lists.
const (
	limitDefault = 50
	limitMost    = 500
)

func badLimit() error { return badField("limit", "must be from 1 to %d", limitMost) }

func pageLimit(asked int32) (int, error) {
	switch {
	case asked == 0:
		return limitDefault, nil
	case asked < 0 || asked > limitMost:
		return 0, badLimit()
	}
	return int(asked), nil
}

// cursor is the place where a list goes on, sealed against change and bound to the query: the request without its limit
// and cursor.
func (g *Gateway) cursor(query proto.Message, after []any) (string, error) {
	body, err := json.Marshal(after)
	if err != nil {
		return "", fmt.Errorf("write a cursor: %w", err)
	}
	b := append([]byte{cursorVersion}, g.cursorMAC(query, body)...)
	return base64.RawURLEncoding.EncodeToString(append(b, body...)), nil
}

// after is the place that a cursor stands for: nil, the beginning, for none.
func (g *Gateway) after(query proto.Message, cursor string) (after []any, err error) {
	if cursor == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(b) < 1+cursorMAC || b[0] != cursorVersion ||
		!hmac.Equal(b[1:1+cursorMAC], g.cursorMAC(query, b[1+cursorMAC:])) {
		return nil, problem(http.StatusBadRequest, "cursor_invalid",
			"the cursor is not one that this list answered with for the same filters: start without it")
	}
	if err := json.Unmarshal(b[1+cursorMAC:], &after); err != nil {
		return nil, fmt.Errorf("a cursor of our own making is not readable: %w", err)
	}
	return after, nil
}

// cursorMAC authenticates a cursor for one query. The name of the request tells its method.
func (g *Gateway) cursorMAC(query proto.Message, body []byte) []byte {
	bare := proto.Clone(query).ProtoReflect()
	for _, name := range []protoreflect.Name{"limit", "cursor"} {
		if fd := bare.Descriptor().Fields().ByName(name); fd != nil {
			bare.Clear(fd)
		}
	}
	h := hmac.New(sha256.New, g.cursorKey)
	fmt.Fprintf(h, "%d %s %s ", cursorVersion, bare.Descriptor().FullName(), wirejson.Canonical(bare.Interface()))
	h.Write(body)
	return h.Sum(nil)[:cursorMAC]
}
