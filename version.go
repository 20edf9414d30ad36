package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
)

type versionCommand struct{}

// Help implements kong.HelpProvider.
func (versionCommand) Help() string { return "Example:\n\n  till version --json" }

// version is what status, metrics and this command say of the binary.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value[:min(len(s.Value), 12)]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+changes"
		}
	}
	if revision == "" {
		return "development"
	}
	return revision + dirty
}

func (versionCommand) Run(c *console) error {
	v := map[string]string{"till": version(), "go": runtime.Version()}
	if c.JSON {
		return json.NewEncoder(c.Out).Encode(v)
	}
	_, err := fmt.Fprintf(c.Out, "till %s, %s\n", v["till"], v["go"])
	return err
}
