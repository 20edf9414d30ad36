package commands

import (
	"context"
	"fmt"
)

// Recall answers a command from the facts that it recorded in a stream from a revision on, however long ago: longer than
// the stream remembers its commands. It fails when the facts there are not the command's.
func Recall(ctx context.Context, h *Handler, stream string, from uint64, command string) (Answer, error) {
	a := Answer{Replayed: true}
	for r, err := range h.store.Read(ctx, stream, from) {
		if err != nil {
			return Answer{}, fmt.Errorf("recall what %s recorded in %s: %w", command, stream, err)
		}
		if r.Command != command {
			break
		}
		a.Facts, a.At = append(a.Facts, r.Event), r.Position
	}
	if len(a.Facts) == 0 {
		return Answer{}, fmt.Errorf("%s holds nothing of the command %s at revision %d", stream, command, from)
	}
	return a, nil
}
