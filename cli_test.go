package main

import (
	"bytes"
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

// till runs the program and answers its exit code and what it said on standard error.
func till(t *testing.T, args ...string) (code int, said string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), append(args, "--data", t.TempDir()), &out, &errs)
	return code, errs.String()
}

func TestWhatIsUsedWronglyEndsWithTwo(t *testing.T) {
	for _, c := range []struct{ args, says string }{
		{"up --http foo", "--http"},
		{"up --http 127.0.0.1:http-alt", "--http"},
		{"up --http 127.0.0.1:70000", "--http"},
		{"up --grpc 0.0.0.0:0", "refuse to listen"},
		{"up --http 127.0.0.1:9 --grpc 127.0.0.1:9", "each needs an address"},
		{"up --eventstore nonsense", "--eventstore"},
		{"eventstore --addr nowhere", "--addr"},
		{"events read --all --eventstore http://x", "--eventstore"},
		{"audit --from yesterday", "--from"},
		{"audit --to 2010-13-01", "--to"},
		{"audit --limit -1", "--limit"},
		{"status --every 1ms --watch", "--every"},
		{"parked retry products", "name one KEY"},
		{"import online-retail", "file"},
		{"fly", "fly"},
		{"up --wings", "--wings"},
	} {
		if code, said := till(t, strings.Fields(c.args)...); code != exitMisused || !strings.Contains(said, c.says) {
			t.Errorf("till %s ends with %d and says %q", c.args, code, said)
		}
	}
}

func TestEveryCommandHelpsWithAnExample(t *testing.T) {
	var c cli
	parser, err := kong.New(&c, kong.Name("till"), kong.Vars{}, kong.BindTo(context.Background(), (*context.Context)(nil)))
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	var look func(n *kong.Node, path string)
	look = func(n *kong.Node, path string) {
		for _, child := range n.Children {
			command := path + " " + child.Name
			if commands++; !strings.Contains(child.Detail, "Example") || !strings.Contains(child.Detail, command) {
				t.Errorf("%s --help has no example of it", command)
			}
			look(child, command)
		}
	}
	look(parser.Model.Node, "till")
	if commands < 23 {
		t.Errorf("only %d commands were looked at", commands)
	}
}

func TestAPortInUseIsNoticedBeforeAnythingIsStarted(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	code := run(ctx, []string{"up", "--data", t.TempDir(), "--http", "127.0.0.1:0", "--grpc", taken.Addr().String()}, &out, &errs)
	if said := errs.String(); code != exitFailed || !strings.Contains(said, taken.Addr().String()) || !strings.Contains(said, "--grpc") || strings.Contains(said, "PostgreSQL") {
		t.Errorf("it ends with %d and says %q", code, said)
	}
}
