package local

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// settingsFile is ours, written at each start; what an administrator sets by ALTER SYSTEM still has the last word.
const settingsFile = "tillstream.conf"

// accessRules let in whoever reaches the socket and knows the password, and nobody by network.
const accessRules = "local all all scram-sha-256\n"

// configure writes settings and access rules anew, so that a newer binary brings its own.
func (c *cluster) configure(o PostgresOptions) error {
	if err := os.MkdirAll(c.socket, 0o700); err != nil {
		return fmt.Errorf("make the socket's directory: %w", err)
	}
	if err := c.give(c.socket); err != nil {
		return err
	}
	if err := c.hand(filepath.Join(c.data, settingsFile), settings(o, c.socket)); err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	if err := c.hand(filepath.Join(c.data, "pg_hba.conf"), accessRules); err != nil {
		return fmt.Errorf("write access rules: %w", err)
	}
	return nil
}

func settings(o PostgresOptions, socket string) string {
	values := [][2]string{
		{"listen_addresses", ""},
		{"port", socketPort},
		{"unix_socket_directories", `"` + strings.ReplaceAll(socket, `"`, `""`) + `"`}, // a list, hence quoted within
		{"unix_socket_permissions", "0700"},
		{"max_connections", strconv.Itoa(o.MaxConnections)},

		// A catch-up touches most pages of its views and their indexes. With less room they leave memory between two
		// touches, and after each checkpoint their first change is logged as a whole page: three months of a shop then
		// write 4 GB of log instead of 2. More of it would be slow to recover after a crash.
		{"shared_buffers", "256MB"},
		{"max_wal_size", "512MB"},
		{"checkpoint_timeout", "15min"},
		{"wal_compression", "on"},

		{"jit", "off"},
		{"wal_level", "minimal"},
		{"max_wal_senders", "0"},
		{"TimeZone", "UTC"},
		{"log_timezone", "UTC"},

		// An error's text or a statement may hold a personal datum: the server logs neither, only what it does itself.
		{"log_min_messages", "log"},
		{"log_min_error_statement", "panic"},
		{"log_error_verbosity", "terse"},
		{"log_statement", "none"},
		{"log_min_duration_statement", "-1"},
		{"log_parameter_max_length", "0"},
		{"log_parameter_max_length_on_error", "0"},
		{"log_checkpoints", "off"},
		{"log_destination", "stderr"},
		{"logging_collector", "off"}, // the parent keeps the log, within a limit
		{"log_line_prefix", "%m [%p] "},
	}
	if o.Ephemeral {
		values = append(values, [][2]string{{"fsync", "off"}, {"full_page_writes", "off"}, {"synchronous_commit", "off"}}...)
	}
	var text strings.Builder
	for _, v := range values {
		fmt.Fprintf(&text, "%s = %s\n", v[0], quoteSetting(v[1]))
	}
	return text.String()
}

func quoteSetting(value string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(value) + "'"
}

func include(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	_, err = file.WriteString("include '" + settingsFile + "'\n")
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}
