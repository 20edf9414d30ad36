package gateway_test

import (
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"tillstream/events"
	"tillstream/gateway/web/webtest"
)

var pictures = flag.String("pictures", "", "directory to write pictures of the pages into")

// hostile is a name that somebody may give a product.
const hostile = `<script>window.hacked=1</script><img src=x onerror="window.hacked=1">`

// audited is a shop with a little of everything in its log.
func audited(t testing.TB) *shop {
	s := stocked(t)
	s.post("/v1/products", `{"sku":"EVIL","name":"`+strings.ReplaceAll(hostile, `"`, `\"`)+`","kind":"goods"}`, "X-Actor", "staff:mallory").is(201)
	customer(s)
	s.order("", "X-Actor", "customer:gus").is(201)
	id := s.lastOf("type=order.placed")
	order := s.auditEvent(id)["order_id"].(string)
	reserved := s.caused("stock-MAIN/LAMP-1", id, events.StockReserved{SKU: "LAMP-1", Warehouse: "MAIN", OrderID: order, Lines: []events.LineQuantity{{LineID: "l1", Quantity: 3}}})
	s.caused("order-"+order, reserved, events.OrderConfirmed{OrderID: order})
	for i := range 60 {
		s.records("stock-MAIN/LAMP-1", events.Meta{At: noon.AddDate(0, 0, -i), Rec: noon, Actor: events.Actor{Kind: "staff", ID: "anna"}, Why: "recount"},
			events.StockCounted{SKU: "LAMP-1", Warehouse: "MAIN", Counted: int64(i), Difference: int64(i % 3)})
	}
	return s
}

// fine checks what must be so of every page, whatever it shows.
func fine(t *testing.T, s *shop, p *webtest.Page, name string) {
	t.Helper()
	if problems := p.Unreadable(); len(problems) > 0 {
		t.Errorf("%s:\n%s", name, strings.Join(problems, "\n"))
	}
	if faults := p.Faults(); len(faults) > 0 {
		t.Errorf("%s:\n%s", name, strings.Join(faults, "\n"))
	}
	for _, url := range p.Requested() {
		if !strings.HasPrefix(url, s.base+"/") && url != "about:blank" && !strings.HasPrefix(url, "data:") { // the browser's own calendar icon
			t.Errorf("%s asks for %s", name, url)
		}
	}
	if *pictures != "" {
		p.Picture(filepath.Join(*pictures, name+".png"))
	}
}

func TestPagesAreReadableOnDesktopAndPhoneByDayAndByNight(t *testing.T) {
	s := audited(t)
	b := webtest.Open(t)
	paths := map[string]string{"list": "/audit", "filtered": "/audit?stream=stock-MAIN/LAMP-1&type=stock.counted&actor=staff:anna&to=2026-02-20T12:00",
		"none": "/audit?stream=nothing", "wrong": "/audit?from=yesterday", "placed": "/audit/events/" + s.lastOf("type=order.placed"),
		"reserved": "/audit/events/" + s.lastOf("type=stock.reserved"), "counted": "/audit/events/" + s.lastOf("type=stock.counted"),
		"hostile": "/audit/events/" + s.lastOf("stream=product-EVIL"), "missing": "/audit/events/none"}
	for _, width := range []int{1280, 390} {
		for _, scheme := range []string{"light", "dark"} {
			p := b.Tab(t, width, 900)
			p.Prefer("prefers-color-scheme", scheme)
			for name, path := range paths {
				if name == "wrong" || name == "missing" { // whose status the console tells
					continue
				}
				p.Go(s.base + path)
				fine(t, s, p, fmt.Sprint(name, "-", width, "-", scheme))
			}
			if hacked := p.Text("window.hacked"); hacked != "undefined" {
				t.Error("a product's name was run as a script")
			}
			for _, name := range []string{"wrong", "missing"} {
				p.Go(s.base + paths[name])
				if problems := p.Unreadable(); len(problems) > 0 {
					t.Errorf("%s: %s", name, strings.Join(problems, "\n"))
				}
			}
		}
	}
}

func TestAPersonNarrowsTheLogDownAndOpensAFact(t *testing.T) {
	s := audited(t)
	p := webtest.Open(t).Tab(t, 1280, 900)
	p.Go(s.base + "/audit")
	if rows := p.Text(`document.querySelectorAll("#facts a.open").length`); rows != "50" {
		t.Errorf("%s facts are on the first page", rows)
	}
	p.Loading(func() { p.Eval(`document.querySelector("[rel=next]").click()`, nil) })
	if rows := p.Text(`document.querySelectorAll("#facts a.open").length`); rows == "50" || rows == "0" {
		t.Errorf("%s facts are on the second page", rows)
	}

	p.Eval(`document.getElementById("stream").focus()`, nil)
	for _, key := range strings.Split("product-EVIL", "") {
		p.Key(key)
	}
	p.Loading(func() { p.Key("Enter") })
	if found := p.Text(`document.querySelector("#facts a.open").textContent`); found != "EVIL was registered as goods: "+hostile {
		t.Errorf("found %s", found)
	}
	p.Loading(func() { p.Eval(`document.querySelector("#facts a.open").click()`, nil) })
	text := p.Text("document.body.innerText")
	for _, said := range []string{"staff mallory", "asked through the API", "1 March 2026, 12:00:00 UTC", "product-EVIL", "not there", "goods"} {
		if !strings.Contains(text, said) {
			t.Errorf("the page of the fact does not say %q:\n%s", said, text)
		}
	}
	if hacked := p.Text("window.hacked"); hacked != "undefined" {
		t.Error("a product's name was run as a script")
	}

	p.Go(s.base + "/audit?type=stock.counted")
	p.Eval(`document.getElementById("jump").value = "2026-02-10T00:00"`, nil)
	p.Loading(func() { p.Eval(`document.querySelector(".jump button").click()`, nil) })
	if day := p.Text(`document.querySelector("#facts .day").textContent.trim()`); day != "Monday 9 February 2026" {
		t.Errorf("jumped to %s", day)
	}
	if kind := p.Text(`document.getElementById("type").value`); kind != "stock.counted" {
		t.Errorf("the jump lost the type: %s", kind)
	}
}

func TestTheListAnswersToTheKeyboard(t *testing.T) {
	s := audited(t)
	p := webtest.Open(t).Tab(t, 1280, 900)
	p.Go(s.base + "/audit")
	p.Key("Tab")
	if first := p.Text("document.activeElement.textContent"); first != "Skip to the content" {
		t.Errorf("the first stop is %s", first)
	}
	if outline := p.Text("getComputedStyle(document.activeElement).outlineStyle"); outline == "none" {
		t.Error("nobody sees where the focus is")
	}
	p.Key("j") // no list has the focus: nothing happens
	p.Eval(`document.querySelector("#facts a.open").focus()`, nil)
	at := func() string {
		return p.Text(`[...document.querySelectorAll("#facts a.open")].indexOf(document.activeElement)`)
	}
	for _, step := range []struct{ key, to string }{{"j", "1"}, {"ArrowDown", "2"}, {"k", "1"}, {"ArrowUp", "0"}, {"k", "0"}} {
		if p.Key(step.key); at() != step.to {
			t.Errorf("%s goes to %s, not %s", step.key, at(), step.to)
		}
	}
	p.Loading(func() { p.Key("Enter") })
	if path := p.Text("location.pathname"); !strings.HasPrefix(path, "/audit/events/") {
		t.Errorf("Enter leads to %s", path)
	}
}

func TestTheListFollowsTheLog(t *testing.T) {
	s := audited(t)
	p := webtest.Open(t).Tab(t, 390, 800)
	p.Go(s.base + "/audit?stream=product-*")
	p.Eval(`document.getElementById("follow").click()`, nil)
	p.Until(`document.getElementById("follow").getAttribute("aria-pressed") === "true"`)
	s.post("/v1/products", `{"sku":"NEW-1","name":"`+strings.ReplaceAll(hostile, `"`, `\"`)+`","kind":"goods"}`, "X-Actor", "staff:anna").is(201)
	s.post("/v1/stock/receipts", `{"sku":"NEW-1","quantity":1}`).is(201) // no product
	p.Until(`document.querySelector("#facts a.open").textContent.startsWith("NEW-1 was registered")`)
	p.Until(`document.getElementById("status").textContent === "1 new fact."`)
	if who := p.Text(`document.querySelector("#facts .who").textContent`); who != "staff anna" {
		t.Errorf("it was %s", who)
	}
	fine(t, s, p, "followed")
	if hacked := p.Text("window.hacked"); hacked != "undefined" {
		t.Error("a product's name was run as a script")
	}
	p.Eval(`document.getElementById("follow").click()`, nil)
	p.Until(`document.getElementById("follow").getAttribute("aria-pressed") === "false"`)
}

func TestStaffOpensPersonalDataInTheBrowser(t *testing.T) {
	s := audited(t)
	p := webtest.Open(t).Tab(t, 390, 800)
	p.Go(s.base + "/audit/events/" + s.lastOf("type=customer.opened"))
	if text := p.Text("document.body.innerText"); shows(text) != nil || !strings.Contains(text, "sealed") {
		t.Errorf("before: %v", shows(text))
	}
	p.Eval(`document.getElementById("staff").value = "anna"; document.getElementById("purpose").value = "the parcel came back"`, nil)
	p.Loading(func() { p.Eval(`document.querySelector(".openform button").click()`, nil) })
	if text := p.Text("document.body.textContent"); len(shows(text)) == 0 || !strings.Contains(text, "The look is recorded") {
		t.Errorf("after: %s", text)
	}
	fine(t, s, p, "opened")
	p.Go(s.base + "/audit?type=personal_data.opened")
	if text := p.Text("document.body.innerText"); !strings.Contains(text, "the parcel came back") || !strings.Contains(text, "staff anna") {
		t.Errorf("the look is not in the log: %s", text)
	}
}

func TestPagesReadWithoutScripts(t *testing.T) {
	s := audited(t)
	p := webtest.Open(t).Tab(t, 1280, 900)
	p.Call("Emulation.setScriptExecutionDisabled", map[string]any{"value": true})
	p.Go(s.base + "/audit")
	p.Call("Emulation.setScriptExecutionDisabled", map[string]any{"value": false})
	if shown := p.Text(`document.getElementById("follow").hidden + " " + document.querySelectorAll("#facts a.open").length`); shown != "true 50" {
		t.Errorf("without scripts: %s", shown)
	}
}
