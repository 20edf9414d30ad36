package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// writeJSON answers with a JSON body.
func writeJSON(w http.ResponseWriter, code int, body []byte) error {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, err := w.Write(append(body, '\n'))
	return err
}

// problemJSON is a problem as every path answers it.
type problemJSON struct {
	Code    int            `json:"code"`
	Reason  string         `json:"reason"`
	Message string         `json:"message"`
	Details map[string]any `json:"details"`
}

// writeProblem answers with a problem; one that passes says when to ask again.
func (g *Gateway) writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(r.Context(), g.log, err)
	if seconds, passing := p.Details["retry_after"].(int); passing {
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
	}
	noteReason(r.Context(), p.Reason)
	_ = writeJSON(w, p.Code, p.json())
}

func (p *Problem) json() []byte {
	shown := problemJSON(*p)
	if shown.Details == nil {
		shown.Details = map[string]any{}
	}
	body, err := json.Marshal(shown)
	if err != nil { // a detail that JSON has no form for: the rest is as it was
		shown.Details = map[string]any{}
		body, _ = json.Marshal(shown)
	}
	return body
}

// plainText is a detail as gRPC carries it.
func plainText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int, int64, uint64, bool:
		return fmt.Sprint(v)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}
