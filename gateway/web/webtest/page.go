package webtest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

// Page is one tab. What its scripts threw, what its policy kept out and what it asked for are noted as they happen.
type Page struct {
	t       testing.TB
	b       *Browser
	session string

	mu        sync.Mutex
	faults    []string // errors on the console, exceptions, violations of the policy
	requested []string // addresses
	loads     int
	loaded    chan struct{} // closed and replaced at every load
}

// Tab opens a page of a size. A width of at most 480 is a phone.
func (b *Browser) Tab(t testing.TB, width, height int) *Page {
	t.Helper()
	p := &Page{t: t, b: b, loaded: make(chan struct{})}
	var made struct {
		TargetID string `json:"targetId"`
	}
	p.into(&made, b.root(t, "Target.createTarget", map[string]any{"url": "about:blank"}))
	var attached struct {
		SessionID string `json:"sessionId"`
	}
	p.into(&attached, b.root(t, "Target.attachToTarget", map[string]any{"targetId": made.TargetID, "flatten": true}))
	p.session = attached.SessionID
	b.mu.Lock()
	b.pages[p.session] = p
	b.mu.Unlock()
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		p.Call(domain+".enable", nil)
	}
	p.Call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width <= 480})
	t.Cleanup(func() {
		b.mu.Lock()
		delete(b.pages, p.session)
		b.mu.Unlock()
	})
	return p
}

func (b *Browser) root(t testing.TB, method string, params any) json.RawMessage {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), callWithin)
	defer cancel()
	result, err := b.call(ctx, "", method, params)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func (p *Page) into(v any, result json.RawMessage) {
	p.t.Helper()
	if err := json.Unmarshal(result, v); err != nil {
		p.t.Fatal(err)
	}
}

// Call sends a command of the DevTools protocol to the page.
func (p *Page) Call(method string, params any) json.RawMessage {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), callWithin)
	defer cancel()
	result, err := p.b.call(ctx, p.session, method, params)
	if err != nil {
		p.t.Fatal(err)
	}
	return result
}

// note keeps what a test may ask for later.
func (p *Page) note(method string, params json.RawMessage) {
	var e struct {
		Type    string `json:"type"`
		Request struct {
			URL string `json:"url"`
		} `json:"request"`
		Entry struct {
			Level, Text, URL string
		} `json:"entry"`
		ExceptionDetails struct {
			Text      string `json:"text"`
			Exception struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
	}
	_ = json.Unmarshal(params, &e)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch method {
	case "Page.loadEventFired":
		p.loads++
		close(p.loaded)
		p.loaded = make(chan struct{})
	case "Network.requestWillBeSent":
		p.requested = append(p.requested, e.Request.URL)
	case "Log.entryAdded":
		if e.Entry.Level == "error" {
			p.faults = append(p.faults, e.Entry.Text+" "+e.Entry.URL)
		}
	case "Runtime.exceptionThrown":
		p.faults = append(p.faults, e.ExceptionDetails.Text+" "+e.ExceptionDetails.Exception.Description)
	case "Runtime.consoleAPICalled":
		if e.Type == "error" || e.Type == "assert" {
			p.faults = append(p.faults, "console: "+string(params))
		}
	}
}

// Faults are what went wrong on the page so far.
func (p *Page) Faults() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.faults...)
}

// Requested are the addresses that the page asked for so far.
func (p *Page) Requested() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.requested...)
}

// Go opens an address and waits until it is loaded.
func (p *Page) Go(url string) {
	p.t.Helper()
	p.Loading(func() { p.Call("Page.navigate", map[string]any{"url": url}) })
}

// Loading does what makes the page load anew, and waits until it is loaded.
func (p *Page) Loading(do func()) {
	p.t.Helper()
	p.mu.Lock()
	loaded := p.loaded
	p.mu.Unlock()
	do()
	ctx, cancel := context.WithTimeout(context.Background(), readyWithin)
	defer cancel()
	select {
	case <-loaded:
	case <-ctx.Done():
		p.t.Fatalf("the page was not loaded: %v", ctx.Err())
	}
}

// Eval runs a script, waits for the promise that it may be, and reads what it comes to into v.
func (p *Page) Eval(script string, v any) {
	p.t.Helper()
	var answer struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		ExceptionDetails *struct {
			Exception struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
	}
	p.into(&answer, p.Call("Runtime.evaluate", map[string]any{"expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true}))
	if answer.ExceptionDetails != nil {
		p.t.Fatalf("%s\nthrew %s", script, answer.ExceptionDetails.Exception.Description)
	}
	if v != nil && len(answer.Result.Value) > 0 {
		p.into(v, answer.Result.Value)
	}
}

// Text is what a script comes to, as text.
func (p *Page) Text(script string) (s string) {
	p.t.Helper()
	p.Eval("String("+script+")", &s)
	return s
}

// Until waits until a condition holds on the page. The page looks whenever something in it changes, and before each frame.
func (p *Page) Until(condition string) {
	p.t.Helper()
	script := fmt.Sprintf(`new Promise((done) => {
		const end = Date.now() + %d;
		const look = () => { if (%s) done(true); else if (Date.now() > end) done(false); else requestAnimationFrame(look); };
		look();
	})`, (callWithin / 2).Milliseconds(), condition)
	var held bool
	if p.Eval(script, &held); !held {
		p.t.Fatalf("it never was so that %s\n%s\n%s", condition, strings.Join(p.Faults(), "\n"), p.Text("document.body.innerText"))
	}
}

// Key presses a key, by its name: j, Enter, Tab, ArrowDown.
func (p *Page) Key(key string) {
	p.t.Helper()
	down := map[string]any{"type": "keyDown", "key": key, "code": key}
	switch {
	case key == "Enter":
		down["text"], down["windowsVirtualKeyCode"] = "\r", 13
	case key == "Tab":
		down["windowsVirtualKeyCode"] = 9
	case len(key) == 1:
		down["text"] = key
	}
	p.Call("Input.dispatchKeyEvent", down)
	p.Call("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": key, "code": key})
}

// Prefer makes the page believe that its reader prefers so: Prefer("prefers-color-scheme", "dark").
func (p *Page) Prefer(feature, value string) {
	p.t.Helper()
	p.Call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": feature, "value": value}}})
}

// Picture writes what the whole page looks like into a PNG.
func (p *Page) Picture(file string) {
	p.t.Helper()
	var shot struct {
		Data string `json:"data"`
	}
	var size struct {
		Content struct {
			Width, Height float64
		} `json:"cssContentSize"`
	}
	p.into(&size, p.Call("Page.getLayoutMetrics", nil))
	p.into(&shot, p.Call("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true,
		"clip": map[string]any{"x": 0, "y": 0, "width": size.Content.Width, "height": size.Content.Height, "scale": 1}}))
	b, err := base64.StdEncoding.DecodeString(shot.Data)
	if err == nil {
		err = os.WriteFile(file, b, 0o644)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}
