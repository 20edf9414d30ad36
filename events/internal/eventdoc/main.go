// Command eventdoc writes docs/events.md: what may be stored, as the source of package events says it.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	from := flag.String("from", ".", "directory of package events")
	to := flag.String("to", "../docs/events.md", "file to write")
	flag.Parse()
	page, err := render(*from)
	if err == nil {
		err = os.WriteFile(*to, page, 0o644)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "eventdoc: write %s from %s: %v\n", *to, *from, err)
		os.Exit(1)
	}
}
