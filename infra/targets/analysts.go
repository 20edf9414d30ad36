package targets

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tillstream/gateway"
	"tillstream/infra/analytics"
	"tillstream/infra/analytics/export"
	"tillstream/infra/local/durable"
	"tillstream/infra/postgres"
)

// AnalystFile is the name of the file in the data directory that holds the analysts' password, in the form of libpq's
// password file. Whoever reads it can read what analysts can.
const AnalystFile = "analyst.pgpass"

// analysts is how they connect, without the password, and what takes tables out for them; the zero value where they cannot.
type analysts struct {
	dsn     string
	exports gateway.Exports
}

// admitAnalysts makes the star schema and its role. What cannot be had
// on a server of others is no reason not to start: it is logged, and said in the platform's status.
func admitAnalysts(ctx context.Context, c Config, db *database, b *board) (a analysts, err error) {
	password, err := analystPassword(c.Data)
	if err != nil {
		return a, err
	}
	err = db.KeepNames(ctx, analytics.Schema, analytics.Names())
	if err == nil {
		err = db.AdmitAnalysts(ctx, postgres.Analysts{Role: analytics.Role, Password: password, Schema: analytics.Schema, Private: db.server != nil})
	}
	switch {
	case err != nil && db.server != nil:
		return a, err
	case err != nil:
		b.analysts = "none: " + err.Error()
		c.Log.Warn("analysts cannot connect", "err", err)
		return a, nil
	}
	b.analysts = "role " + analytics.Role + ", schema " + analytics.Schema
	if a.dsn, err = analystDSN(db.dsn); err != nil {
		return a, err
	}
	config, err := pgx.ParseConfig(db.dsn)
	if err != nil {
		return a, errors.New("the DSN of the views is not readable") // its text may hold the password
	}
	config.User, config.Password = analytics.Role, password
	config.RuntimeParams["application_name"] = "tillstream export"
	a.exports = export.NewSource(config)
	return a, nil
}

// analystPassword reads the password, or draws it the first time.
func analystPassword(data string) (string, error) {
	path := filepath.Join(data, AnalystFile)
	line := "*:*:*:" + analytics.Role + ":"
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		content = []byte(line + rand.Text() + rand.Text() + "\n")
		err = durable.Write(path, content)
	}
	if err != nil {
		return "", fmt.Errorf("keep the analysts' password: %w", err)
	}
	password, ours := strings.CutPrefix(strings.TrimSpace(string(content)), line)
	if !ours || password == "" {
		return "", fmt.Errorf("%s is not as it was written: remove it, and a new password is drawn", path)
	}
	return password, nil
}

// analystDSN is the platform's DSN for another role and without a password.
func analystDSN(dsn string) (string, error) {
	config, err := pgconn.ParseConfig(dsn)
	if err != nil {
		return "", errors.New("the DSN of the views is not readable") // its text may hold the password
	}
	u := url.URL{Scheme: "postgres", User: url.User(analytics.Role), Path: "/" + config.Database}
	where := url.Values{"host": {config.Host}, "port": {strconv.Itoa(int(config.Port))}}
	u.RawQuery = strings.ReplaceAll(where.Encode(), "+", "%20") // not every client reads + as a space
	return u.String(), nil
}
