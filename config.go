package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// configName is looked for in the data directory when no file is named.
const configName = "till.yaml"

// configFile answers flags from a YAML file with a key per flag: "http: 127.0.0.1:8080". A key that is no flag is refused,
// since a misspelt setting is worse than none.
type configFile struct {
	path   string
	values map[string]any
	err    error // of reading it: told when the command line is validated
}

// fileResolver reads the configuration file that the command line, the environment or the data directory names. Kong asks
// it after the command line; that the environment comes before it is seen to in Resolve.
func fileResolver(args []string) kong.Resolver {
	f := &configFile{path: configPath(args)}
	f.values, f.err = readConfig(f.path)
	return f
}

// readConfig is done before the command line is resolved, which asks for the values.
func readConfig(path string) (values map[string]any, err error) {
	if path == "" {
		return nil, nil
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the configuration file %s does not exist", path)
	}
	if err != nil {
		return nil, fmt.Errorf("the configuration file cannot be read: %w", err)
	}
	if err := yaml.Unmarshal(b, &values); err != nil {
		return nil, fmt.Errorf("the configuration file %s is not YAML: %w", path, err)
	}
	return values, nil
}

func configPath(args []string) string {
	if path := flagOf(args, "config", "TILL_CONFIG"); path != "" {
		return path
	}
	data := flagOf(args, "data", "TILL_DATA")
	if data == "" {
		data = ".till"
	}
	path := filepath.Join(data, configName)
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// flagOf finds a flag before the command line is parsed: the file it names takes part in parsing.
func flagOf(args []string, name, env string) string {
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--"+name+"="); ok {
			return value
		}
		if arg == "--"+name && i+1 < len(args) {
			return args[i+1]
		}
	}
	return os.Getenv(env)
}

// Validate implements kong.Resolver.
func (f *configFile) Validate(app *kong.Application) error {
	if f.err != nil {
		return f.err
	}
	known := map[string]bool{}
	err := kong.Visit(app, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			known[flag.Name] = true
		}
		return next(nil)
	})
	if err != nil {
		return err
	}
	for key := range f.values {
		if !known[key] {
			return fmt.Errorf("the configuration file %s sets %q, which is no flag of till", f.path, key)
		}
	}
	return nil
}

// Resolve implements kong.Resolver.
func (f *configFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, env := range flag.Envs {
		if _, set := os.LookupEnv(env); set {
			return nil, nil
		}
	}
	value, set := f.values[flag.Name]
	if !set {
		return nil, nil
	}
	return fmt.Sprint(value), nil
}
