package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"tillstream/infra/analytics"
	"tillstream/infra/targets"
)

type analystsCommand struct {
	DSN bool `name:"dsn" help:"Print the connection string alone, with the password, for programs that take no password file."`
}

// Help implements kong.HelpProvider.
func (analystsCommand) Help() string {
	return "Tells how to connect to the star schema \"" + analytics.Schema + "\" with any program that speaks to PostgreSQL. The role can read that " +
		"schema and nothing else; docs/analysts.md describes its tables.\n\n" +
		"The password lies in the data directory, in a file that libpq understands, so that no command line shows it.\n\n" +
		"Examples:\n\n  till analysts\n  psql \"$(till analysts --dsn)\" -c 'SELECT month, sum(net_minor) FROM sales JOIN day USING (day) GROUP BY 1'\n" +
		"  till analysts --json | jq -r .psql"
}

func (a analystsCommand) Run(_ context.Context, all *cli, c *console) error {
	running, err := find(all)
	if err != nil {
		return err
	}
	if running.Analysts == "" {
		return errors.New("analysts cannot connect to the database of this platform: \"till status\" says why")
	}
	data, err := filepath.Abs(all.Data)
	if err != nil {
		return err
	}
	file := filepath.Join(data, targets.AnalystFile)
	psql := fmt.Sprintf("PGPASSFILE=%s psql %s", quote(file), quote(running.Analysts))
	switch {
	case a.DSN:
		dsn, err := withPassword(running.Analysts, file)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.Out, dsn)
		return err
	case c.JSON:
		return json.NewEncoder(c.Out).Encode(map[string]any{"dsn": running.Analysts, "passfile": file, "role": analytics.Role, "schema": analytics.Schema, "psql": psql})
	}
	_, err = fmt.Fprintf(c.Out, "role       %s (read only)\nschema     %s\nDSN        %s\npassword   in %s\n\n  %s\n", analytics.Role, analytics.Schema,
		running.Analysts, file, psql)
	return err
}

func withPassword(dsn, file string) (string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the analysts' password: %w", err)
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return "", fmt.Errorf("read the connection string: %w", err)
	}
	line := strings.TrimSpace(string(content))
	u.User = url.UserPassword(analytics.Role, line[strings.LastIndex(line, ":")+1:])
	return u.String(), nil
}

// quote makes a word for a shell.
func quote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
