package gateway_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tillstream/gateway/web/webtest"
)

// submit posts the form of a page, as a browser does from one of ours.
func (s *shop) submit(path string, fields ...string) reply {
	s.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return s.post(path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin", "Origin", s.base)
}

// leads checks that what was asked is done, and where its page leads.
func (r reply) leads(to string) {
	r.t.Helper()
	if at := r.header.Get("Location"); r.code != http.StatusSeeOther || at != to {
		r.t.Fatalf("answered %d and leads to %q, not %q: %s", r.code, at, to, r.body)
	}
}

// says checks the status of a page, and texts in it.
func (r reply) says(code int, texts ...string) {
	r.t.Helper()
	if r.code != code {
		r.t.Fatalf("answered %d, not %d: %s", r.code, code, r.body)
	}
	for _, text := range texts {
		if !strings.Contains(r.body, text) {
			r.t.Errorf("the page does not say %q: %s", text, r.body)
		}
	}
}

func TestEveryViewStandsOnThePageOfViews(t *testing.T) {
	s, _ := rehearsed(t)
	s.poison("BAD")
	page := s.get("/views")
	page.says(200, "of 21 serve", "3 keys are parked", "<caption")
	for _, v := range s.log.views {
		page.says(200, `href="/views/`+v.name+`"`, v.name+`_1`)
	}
	s.get("/").says(200, `href="/views"`, `href="/audit"`, `href="/docs"`)
	s.get("/views/none").says(404, "there is no view")
}

func TestAViewIsRebuiltComparedAndSwitchedByForms(t *testing.T) {
	s, r := rehearsed(t)
	s.get("/views/products/apply").says(200, "A new generation is built", "1\u202f000 events", "not enough")
	if r.calls != "" {
		t.Fatalf("looking did %s", r.calls)
	}
	s.submit("/views/products/apply", "staff", "anna", "rate", "500").leads("/views/products?done=apply")
	s.get("/views/products").says(200, "<progress", "25 %", "250 of 1\u202f000", "50 events/s", "15.0 s left", "/views/products/stop", "is being rebuilt")
	s.submit("/views/products/stop", "staff", "anna").leads("/views/products?done=stop")
	s.get("/views/products?done=stop").says(200, "Building has stopped", "begun")
	s.get("/views/products/apply").says(200, "was begun and is gone on with")

	s.submit("/views/products/apply", "staff", "anna").leads("/views/products?done=apply")
	r.finish()
	s.get("/views/products").says(200, "follows", "/views/products/promote?generation=products_2")
	s.submit("/views/products/verify", "sample", "10").says(200, "Equal", "10 keys compared, a sample")
	s.get("/views/products/promote?generation=products_2").says(200, "instead of <code>products_1</code>")
	s.submit("/views/products/promote?generation=products_2", "staff", "anna").leads("/views/products?done=promote")
	s.get("/views/products/rollback").says(200, "<code>products_1</code> again", "instead of <code>products_2</code>")
	s.submit("/views/products/rollback", "staff", "anna").leads("/views/products?done=rollback")
	s.get("/views/products/retire?generation=products_2").says(200, "dropped for ever")
	s.submit("/views/products/retire?generation=products_2", "staff", "anna").leads("/views/products?done=retire")
	if did := "start 500, stop, start 0, promote products_2, rollback, retire products_2"; r.calls != did {
		t.Errorf("it came to %s, not %s", r.calls, did)
	}
}

func TestAnInequalityNamesKeysAndColumns(t *testing.T) {
	s, r := rehearsed(t)
	r.unequal = true
	s.submit("/views/products/verify").says(200, "Not equal", "LAMP-1", "product.described", "name")
}

func TestWhatIsRefusedIsSaidAboveTheForm(t *testing.T) {
	s, r := rehearsed(t)
	s.submit("/views/products/apply", "staff", "anna").leads("/views/products?done=apply")
	s.get("/views/products/promote?generation=products_2").says(200, "is not built to the end of the log")
	s.submit("/views/products/promote?generation=products_2", "staff", "anna").says(409, "It was not done: products_2 is behind", `value="anna"`, `role="alert"`)
	s.submit("/views/products/apply", "staff", "anna").says(409, "It was not done", "is being built already")
	s.submit("/views/products/rollback", "staff", "anna").says(404, "It was not done")
	s.submit("/views/products/retire?generation=products_1", "staff", "anna").says(409, "It was not done")
	s.submit("/views/products/retire?generation=none", "staff", "anna").says(404, "has no generation")
	s.submit("/views/products/apply", "staff", "anna", "rate", "fast").says(400, "rate must be a whole number")
	if r.calls != "start 0" {
		t.Errorf("it came to %s", r.calls)
	}
}

func TestOnlyAPageOfOursAndANameChangeAView(t *testing.T) {
	s, r := rehearsed(t)
	const form, kind = "staff=anna", "application/x-www-form-urlencoded"
	for _, act := range []string{"apply", "stop", "verify", "promote", "rollback", "retire", "retry?key=BAD", "drop?key=BAD"} {
		path := "/views/products/" + act
		s.poison("BAD")
		for _, foreign := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "http://shop.example"}, {"Origin", "null"}} {
			refused := s.post(path, form, append(foreign, "Content-Type", kind)...)
			refused.says(403, "pages of other sites")
		}
		s.post(path, `{"staff":"anna"}`, "Content-Type", "application/json").says(400, "that of a form")
		s.post(path, form+"&why="+strings.Repeat("x", 5<<10), "Content-Type", kind).says(400, "larger than")
		if act != "verify" {
			s.submit(path).says(400, "staff must be your name")
			s.submit(path, "staff", "an na").says(400, "staff must be your name")
		}
	}
	if r.calls != "" {
		t.Errorf("it came to %s", r.calls)
	}
	if keys := items(t, s.get("/v1/views/products/parked").is(200)); len(keys) != 1 {
		t.Errorf("parked are %v", keys)
	}
}

func TestAParkedKeyIsShownRetriedAndDroppedByForms(t *testing.T) {
	s, _ := rehearsed(t)
	s.poison("BAD/1")
	s.get("/views/products").says(200, "lacks parked keys")
	s.get("/views/products/parked").says(200, `/views/products/parked?key=BAD%2f1`)
	s.get("/views/products/parked?key=BAD%2F1").says(200, "text with a NUL character", "product.registered", "1 fact")
	s.get("/views/products/parked?key=GOOD").says(404, "is not parked")

	s.get("/views/products/retry?key=BAD%2F1").says(200, "stays parked and nothing is lost")
	s.submit("/views/products/retry?key=BAD%2F1", "staff", "anna").says(409, "It was not done", "still fails")
	s.get("/views/products/drop?key=BAD%2F1").says(200, "<strong>1 fact</strong>")
	s.submit("/views/products/drop?key=BAD%2F1", "staff", "anna").says(400, "count must say how many")
	s.submit("/views/products/drop?key=BAD%2F1", "staff", "anna", "count", "7").says(409, "1 facts would be forgotten")
	s.submit("/views/products/drop?key=BAD%2F1", "staff", "anna", "count", "1", "why", "a test").leads("/views/products/parked?done=drop")
	s.get("/views/products/parked?done=drop").says(200, "goes on without", "Nothing is parked", "staff:anna", "a test")
}

func TestAnOperatorSwitchesAViewByTheKeyboardAlone(t *testing.T) {
	s, r := rehearsed(t)
	for _, width := range []int{1280, 390} {
		r.begin()
		p := webtest.Open(t).Tab(t, width, 900)
		looks := func(name string) {
			fine(t, s, p, "views-"+name+"-"+map[int]string{1280: "desktop", 390: "phone"}[width])
		}
		press := func(name string) { p.Loading(func() { tabTo(p, name); p.Key("Enter") }) }
		confirm := func(button string) {
			tabTo(p, "Your staff name")
			for _, key := range "anna" {
				p.Key(string(key))
			}
			press(button)
		}
		p.Go(s.base + "/views")
		looks("all")
		press("products")
		press("Plan a rebuild…")
		looks("plan")
		confirm("Build it")
		looks("building")
		r.finish()
		p.Until(`document.querySelector("[data-live=generations]").textContent.includes("follows")`)
		p.Until(`document.getElementById("status").textContent.includes("products serves")`)
		press("Compare products_2")
		press("Compare")
		looks("equal")
		press("products")
		press("Promote products_2")
		looks("promote")
		confirm("Promote it")
		p.Until(`document.querySelector("[data-live=generation]").textContent === "products_2"`)
		press("Roll back…")
		confirm("Roll back")
		p.Until(`document.querySelector("[data-live=generation]").textContent === "products_1"`)
		looks("back")
	}
}

// tabTo goes with the tabulator to what has a name: a link, a button, a field. It must be seen there.
func tabTo(p *webtest.Page, name string) {
	const named = `((e) => e.getAttribute("aria-label") || (e.labels && e.labels.length ? e.labels[0].textContent : e.textContent).trim())(document.activeElement)`
	for range 60 {
		p.Key("Tab")
		if p.Text(named) == name {
			p.Until(`getComputedStyle(document.activeElement).outlineStyle !== "none"`)
			return
		}
	}
	p.Until(`"` + name + `" === "reached by the tabulator"`)
}
