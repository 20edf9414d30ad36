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

	"github.com/jackc/pgx/v5/pgconn"

	"tillstream/infra/analytics"
	"tillstream/infra/local/durable"
	"tillstream/infra/postgres"
)

// AnalystFile is the name of the file in the data directory that holds the analysts' password, in the form of libpq's
// password file. Whoever reads it can read what analysts can.
const AnalystFile = "analyst.pgpass"

// admitAnalysts makes the star schema and its role, and answers how to connect, without the password. What cannot be had
// on a server of others is no reason not to start: it is logged, and said in the platform's status.
func admitAnalysts(ctx context.Context, c Config, db *database, b *board) (dsn string, err error) {
	password, err := analystPassword(c.Data)
	if err != nil {
		return "", err
	}
	err = db.KeepNames(ctx, analytics.Schema, analytics.Names())
	if err == nil {
		err = db.AdmitAnalysts(ctx, postgres.Analysts{Role: analytics.Role, Password: password, Schema: analytics.Schema, Private: db.server != nil})
	}
	switch {
	case err != nil && db.server != nil:
		return "", err
	case err != nil:
		b.analysts = "none: " + err.Error()
		c.Log.Warn("analysts cannot connect", "err", err)
		return "", nil
	}
	b.analysts = "role " + analytics.Role + ", schema " + analytics.Schema
	return analystDSN(db.dsn)
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
