// Command generate writes made-up books that go on where a file of "Online Retail" ends, to standard output:
//
//	go run ./infra/onlineretail/onlineretailtest/generate -after FILE | gzip > nine-months.csv.gz
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"

	"tillstream/infra/onlineretail"
	"tillstream/infra/onlineretail/onlineretailtest"
)

func main() {
	after := flag.String("after", "infra/onlineretail/testdata/online-retail-2010-12_2011-02.csv.gz", "the `FILE` that the books go on from")
	seed := flag.Uint64("seed", 1, "another seed, other books")
	months := flag.Int("months", 9, "how many months")
	rows := flag.Int("rows", 48_550, "how many rows a month has")
	flag.Parse()
	if err := run(*after, *seed, *months, *rows); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(after string, seed uint64, months, rows int) error {
	r, err := os.Open(after)
	if err != nil {
		return err
	}
	defer r.Close()
	file, err := onlineretail.Read(r)
	if err != nil {
		return fmt.Errorf("%s: %w", after, err)
	}
	out := bufio.NewWriter(os.Stdout)
	if err := onlineretailtest.Generate(out, file, seed, months, rows); err != nil {
		return err
	}
	return out.Flush()
}
