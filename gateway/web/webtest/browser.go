// Package webtest drives a real Chromium for tests of pages, over its own pipe: no port, no driver, no library.
package webtest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Limits of a browser.
const (
	callWithin  = 30 * time.Second // for one command to the browser
	readyWithin = 30 * time.Second // for what a test waits for on a page
	endWithin   = 10 * time.Second
)

// Browser is a running Chromium without a window, a profile of its own, and no way out of the machine that it would take
// unasked. It ends with the test.
type Browser struct {
	command *exec.Cmd
	in      io.Writer

	mu      sync.Mutex
	next    int
	waiting map[int]chan answer
	pages   map[string]*Page // by session
	broken  error
}

type answer struct {
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// Open starts a browser. It fails the test when no Chromium is installed, and says how to get one.
func Open(t testing.TB) *Browser {
	t.Helper()
	path, err := find()
	if err != nil {
		t.Fatal(err)
	}
	toRead, fromUs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	toUs, toWrite, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	b := &Browser{in: fromUs, waiting: map[int]chan answer{}, pages: map[string]*Page{}}
	b.command = exec.Command(path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--disable-extensions",
		"--hide-scrollbars", "--lang=en-GB", "--remote-debugging-pipe", "--user-data-dir="+t.TempDir(), "about:blank")
	b.command.ExtraFiles = []*os.File{toRead, toWrite}          // 3 and 4, as the flag wants it
	b.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its children end with it
	b.command.Env = append(os.Environ(), "TZ=Europe/London")    // so that a page that shows local time is caught
	if err := b.command.Start(); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	_, _ = toRead.Close(), toWrite.Close()
	go b.hear(toUs)
	t.Cleanup(func() { b.end(); _, _ = fromUs.Close(), toUs.Close() })
	return b
}

func find() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no chromium, chromium-browser or google-chrome is on the PATH: apt-get install chromium")
}

// end asks the browser to close, then makes it: its profile must not be written to any more.
func (b *Browser) end() {
	ctx, cancel := context.WithTimeout(context.Background(), endWithin)
	defer cancel()
	_, _ = b.call(ctx, "", "Browser.close", nil)
	gone := make(chan struct{})
	go func() { _ = b.command.Wait(); close(gone) }()
	select {
	case <-gone:
	case <-ctx.Done():
	}
	_ = syscall.Kill(-b.command.Process.Pid, syscall.SIGKILL)
	<-gone
}

// hear hands answers to those who wait and events to their pages, until the pipe ends. Messages end with a NUL.
func (b *Browser) hear(from io.Reader) {
	in := bufio.NewReaderSize(from, 1<<20)
	for {
		line, err := in.ReadBytes(0)
		if err != nil {
			b.lost(fmt.Errorf("the browser is gone: %w", err))
			return
		}
		var m struct {
			ID      int             `json:"id"`
			Session string          `json:"sessionId"`
			Method  string          `json:"method"`
			Params  json.RawMessage `json:"params"`
			answer
		}
		if json.Unmarshal(line[:len(line)-1], &m) != nil {
			continue
		}
		b.mu.Lock()
		waits, page := b.waiting[m.ID], b.pages[m.Session]
		delete(b.waiting, m.ID)
		b.mu.Unlock()
		switch {
		case m.ID != 0 && waits != nil:
			waits <- m.answer
		case page != nil:
			page.note(m.Method, m.Params)
		}
	}
}

func (b *Browser) lost(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken = err
	for id, waits := range b.waiting {
		close(waits)
		delete(b.waiting, id)
	}
}

// call sends one command and waits for its answer.
func (b *Browser) call(ctx context.Context, session, method string, params any) (json.RawMessage, error) {
	b.mu.Lock()
	if b.broken != nil {
		b.mu.Unlock()
		return nil, b.broken
	}
	b.next++
	id, waits := b.next, make(chan answer, 1)
	b.waiting[id] = waits
	message := map[string]any{"id": id, "method": method}
	if params != nil {
		message["params"] = params
	}
	if session != "" {
		message["sessionId"] = session
	}
	line, err := json.Marshal(message)
	if err == nil {
		_, err = b.in.Write(append(line, 0))
	}
	b.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	select {
	case a, open := <-waits:
		switch {
		case !open:
			return nil, fmt.Errorf("%s: the browser is gone", method)
		case a.Error != nil:
			return nil, fmt.Errorf("%s: %s", method, a.Error.Message)
		}
		return a.Result, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%s was not answered: %w", method, ctx.Err())
	}
}
