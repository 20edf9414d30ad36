package events

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/google/uuid"
)

// CommandID names what principal asked of method under an Idempotency-Key: a UUIDv8 of their SHA-256, so that a retry,
// from whoever and whenever, names the same command.
func CommandID(principal, method, key string) string {
	return derive("command", principal, method, key)
}

// IsDerivedID tells an id that CommandID or DerivedID made from a fresh one.
func IsDerivedID(id string) bool {
	u, err := uuid.Parse(id)
	return err == nil && u.Version() == 8
}

// FreshCommandID names a command asked without a key: a UUIDv7.
func FreshCommandID() string { return uuid.Must(uuid.NewV7()).String() }

// DerivedID names the n-th thing that a command creates.
func DerivedID(command string, n int) string { return derive("thing", command, ordinal(n)) }

// LineID names the n-th line of the order that a command places: 16 hexadecimal digits, since an order may have 1,500.
func LineID(command string, n int) string {
	sum := digest("line", command, ordinal(n))
	return hex.EncodeToString(sum[:8])
}

// EventID names the n-th fact that a command records in a stream.
func EventID(command, stream string, n int) string {
	return derive("event", command, stream, ordinal(n))
}

func ordinal(n int) string { return string(binary.BigEndian.AppendUint64(nil, uint64(n))) }

func derive(parts ...string) string {
	id := uuid.UUID(digest(parts...)[:16])
	id[6] = id[6]&0x0f | 0x80 // version 8: our own derivation, RFC 9562 §5.8
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// digest frames each part by its length: ("a", "bc") and ("ab", "c") are different things.
func digest(parts ...string) []byte {
	h := sha256.New()
	for _, p := range parts {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(p))))
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}
