package main

import "errors"

type benchCommand struct {
	Append benchAppendCommand `cmd:"" help:"Appends to the embedded event store."`
}

type benchAppendCommand struct{}

func (benchAppendCommand) Run() error { return errors.New("not here yet") }
