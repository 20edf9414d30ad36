package gateway

import "fmt"

// Listen takes the addresses, so that clients may connect at once; they are answered from Run on. It answers where
// HTTP and gRPC are, the free ports that were taken for port 0 included.
func (g *Gateway) Listen() (http, grpc string, err error) {
	h, err := g.HTTP.Endpoint()
	if err != nil {
		return "", "", fmt.Errorf("listen for HTTP on %s: %w: end the program that uses it, or give another --http", g.opts.HTTP, err)
	}
	r, err := g.GRPC.Endpoint()
	if err != nil {
		return "", "", fmt.Errorf("listen for gRPC on %s: %w: end the program that uses it, or give another --grpc", g.opts.GRPC, err)
	}
	return h.Host, r.Host, nil
}
