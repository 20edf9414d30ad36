package webtest

import _ "embed"

//go:embed readable.js
var readable string

// Unreadable lists what keeps people from reading or using the page as it is now: text that does not stand out from its
// ground by 4.5 to 1 (3 to 1 where it is large), fields and buttons without a name, missing landmarks, headings that skip
// a level, content wider than the page.
func (p *Page) Unreadable() (problems []string) {
	p.t.Helper()
	p.Eval("("+readable+")()", &problems)
	return problems
}
