// Till is the one binary of Tillstream: the platform, its parts, and the tools of its operators.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit codes that scripts rely on.
const (
	exitDone    = 0
	exitFailed  = 1
	exitMisused = 2
	exitDiffers = 3 // a reconciliation found differences
	exitUnequal = 4 // two generations of a view differ
)

// cli is the command line: its fields are the commands, their fields the flags. A flag is taken from the command line,
// else from its environment variable, else from the configuration file, else from its default.
type cli struct {
	Data   string `default:".till" env:"TILL_DATA" placeholder:"DIR" help:"Data directory of the platform, also used to find it. Default: ${default}."`
	Server string `env:"TILL_SERVER" placeholder:"HOST:PORT" help:"gRPC address of a running platform, instead of looking into the data directory."`
	Config string `env:"TILL_CONFIG" placeholder:"FILE" help:"Configuration file (YAML: a key per flag). Default: till.yaml in the data directory, if there."`
	JSON   bool   `name:"json" env:"TILL_JSON" help:"Answer in JSON: one object, or one line per row."`
	Quiet  bool   `short:"q" env:"TILL_QUIET" help:"No progress on standard error."`

	Up         upCommand         `cmd:"" help:"Run the whole platform."`
	Import     importCommand     `cmd:"" help:"Bring the books of another shop in, and reconcile them with the views."`
	Status     statusCommand     `cmd:"" help:"Say how the running platform fares."`
	Events     eventsCommand     `cmd:"" help:"Read the log."`
	Replay     replayCommand     `cmd:"" help:"Build views anew beside those that answer, compare, switch and switch back."`
	Parked     parkedCommand     `cmd:"" help:"Mend what stands still in a view."`
	Audit      auditCommand      `cmd:"" help:"Tell who did what, when and why."`
	Analysts   analystsCommand   `cmd:"" help:"Tell how analysts connect to the database, read only."`
	Export     exportCommand     `cmd:"" help:"Take tables of the star schema out as files: CSV or Parquet."`
	Eventstore eventstoreCommand `cmd:"" help:"Run the embedded event store alone."`
	Bench      benchCommand      `cmd:"" help:"Run named workloads, with their limits measured in the same run."`
	Version    versionCommand    `cmd:"" help:"Say which version this is."`
}

// console is where a command speaks: answers to Out, progress and errors to Err.
type console struct {
	Out, Err io.Writer
	JSON     bool
	Quiet    bool
}

// tell says how long work goes on, unless it is to be quiet.
func (c *console) tell(what string) {
	if !c.Quiet {
		fmt.Fprintln(c.Err, what)
	}
}

// exitError ends the program with a code of its own.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }

func (e *exitError) Unwrap() error { return e.err }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program: it parses args, does what they say and answers the exit code.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	var c cli
	ended := -1
	parser, err := kong.New(&c,
		kong.Name("till"),
		kong.Description("Tillstream: an event-sourced commerce platform. Every fact of a shop is an event in an append-only log; everything a person looks at is a view folded from that log.\n\nTry it:  till up"),
		kong.Writers(out, errs),
		kong.Exit(func(code int) { ended = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Resolvers(fileResolver(args)),
	)
	if err != nil {
		fmt.Fprintln(errs, "till:", err)
		return exitFailed
	}
	parsed, err := parser.Parse(args)
	if ended >= 0 {
		return ended
	}
	if err != nil {
		return misused(errs, err)
	}
	err = parsed.Run(&c, &console{Out: out, Err: errs, JSON: c.JSON, Quiet: c.Quiet})
	var exit *exitError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &exit):
		if exit.err != nil {
			fmt.Fprintln(errs, "till:", exit.err)
		}
		return exit.code
	}
	fmt.Fprintln(errs, "till:", err)
	return exitFailed
}

func misused(errs io.Writer, err error) int {
	fmt.Fprintln(errs, "till:", err)
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil {
		command := "till"
		if path := parse.Context.Command(); path != "" {
			command += " " + path
		}
		fmt.Fprintf(errs, "Run \"%s --help\" to see what it takes.\n", command)
	}
	return exitMisused
}
