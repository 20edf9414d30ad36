package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"

	"tillstream/infra/local/durable"
)

const (
	// The binaries are Maven's io.zonky.test.postgres:embedded-postgres-binaries-linux-ARCH, of this version.
	fetchedVersion = "16.15.0"
	fetchedMajor   = 16
	// fetchWithin bounds fetching 15 MB, waiting for another process that does so included.
	fetchWithin = 5 * time.Minute
	sharedCache = "/var/cache/tillstream"
	lockPoll    = 50 * time.Millisecond
)

// fetchedSums are the SHA-256 sums of the archives, by architecture. Nothing else is ever unpacked.
var fetchedSums = map[string]string{
	"amd64": "bda67fe32e23b049c25db4b98132d154a4fa824c44e1bd8fd01b0236f4676c24",
	"arm64": "e66afbea65a143aa6cda8d5a56c2aea9985d1d9649dfb29ba487363844fd1f81",
}

// fetchBinaries returns the fetched installation, which all data directories of a user share. It is fetched when it is not
// there yet, by one process at a time, and has its name only when it is whole.
func fetchBinaries(ctx context.Context, tell func(string)) (binaries, error) {
	sum, ok := fetchedSums[runtime.GOARCH]
	if !ok || runtime.GOOS != "linux" {
		return binaries{}, fmt.Errorf("there is none to fetch for %s on %s", runtime.GOOS, runtime.GOARCH)
	}
	cache, err := cacheDir()
	if err != nil {
		return binaries{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, fetchWithin)
	defer cancel()
	target := filepath.Join(cache, "postgresql-"+fetchedVersion+"-"+runtime.GOARCH)
	if _, err := os.Stat(target); err != nil {
		if err := fetchInto(ctx, target, sum, tell); err != nil {
			return binaries{}, err
		}
	}
	return readVersion(ctx, filepath.Join(target, "bin"))
}

// cacheDir is outside every data directory. Root's is one that the server's user can reach as well; who has no home has one
// for as long as the machine keeps its temporary files.
func cacheDir() (string, error) {
	if os.Geteuid() == 0 {
		return sharedCache, os.MkdirAll(sharedCache, 0o755)
	}
	if user, err := os.UserCacheDir(); err == nil {
		dir := filepath.Join(user, "tillstream")
		if os.MkdirAll(dir, 0o755) == nil {
			return dir, nil
		}
	}
	dir := filepath.Join(os.TempDir(), "tillstream-cache-"+strconv.Itoa(os.Getuid()))
	return dir, claimPrivate(dir)
}

func fetchInto(ctx context.Context, target, sum string, tell func(string)) error {
	lock, err := awaitLock(ctx, target+".lock")
	if err != nil {
		return err
	}
	defer lock.Close()
	if _, err := os.Stat(target); err == nil {
		return nil // the one we waited for has done it
	}
	work, err := workDir(target)
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	tell("fetching PostgreSQL " + fetchedVersion + " (15 MB, once)")
	archive, err := download(ctx, work)
	if err != nil {
		return err
	}
	if err := verify(archive, sum); err != nil {
		return err
	}
	unpacked := filepath.Join(work, "unpacked")
	if err := unpack(ctx, archive, unpacked); err != nil {
		return fmt.Errorf("unpack PostgreSQL %s: %w", fetchedVersion, err)
	}
	return os.Rename(unpacked, target)
}

func awaitLock(ctx context.Context, path string) (*durable.Lock, error) {
	for {
		lock, err := durable.TakeLock(path)
		if !errors.Is(err, durable.ErrLocked) {
			return lock, err
		}
		select {
		case <-time.After(lockPoll):
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for another process that fetches it: %w", ctx.Err())
		}
	}
}

// workDir removes what interrupted attempts left; the caller holds the lock.
func workDir(target string) (string, error) {
	left, _ := filepath.Glob(globEscape(target) + ".new-*") // fails only for a malformed pattern
	for _, dir := range left {
		if err := os.RemoveAll(dir); err != nil {
			return "", err
		}
	}
	return os.MkdirTemp(filepath.Dir(target), filepath.Base(target)+".new-")
}

// download has the archive fetched by a library that knows its repository, proxies and variants. The library would go on
// to unpack and start it, unverified and not as root: the directory it should unpack into cannot be made, so it stops
// right after the download.
func download(ctx context.Context, dir string) (archive string, err error) {
	dead := filepath.Join(dir, "dead")
	if err := os.Symlink("end", dead); err != nil {
		return "", err
	}
	database := embeddedpostgres.NewDatabase(embeddedpostgres.DefaultConfig().Version(fetchedVersion).Port(0).Logger(io.Discard).
		CachePath(dir).BinariesPath(filepath.Join(dead, "bin")).RuntimePath(filepath.Join(dead, "run")).DataPath(filepath.Join(dead, "data")))
	stopped := make(chan error, 1)
	go func() { stopped <- database.Start() }()
	select {
	case err = <-stopped:
	case <-ctx.Done():
		return "", fmt.Errorf("fetch PostgreSQL %s: %w", fetchedVersion, ctx.Err())
	}
	found, _ := filepath.Glob(filepath.Join(globEscape(dir), "*.txz"))
	if len(found) != 1 {
		return "", fmt.Errorf("fetch PostgreSQL %s: %w", fetchedVersion, err)
	}
	return found[0], nil
}

func verify(path, want string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return err
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != want {
		return fmt.Errorf("what was fetched as PostgreSQL %s has SHA-256 %s, not %s: it is not used", fetchedVersion, got, want)
	}
	return nil
}
