package proof

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"tillstream/infra/onlineretail"
	"tillstream/infra/targets/tilltest"
)

// question is one of docs/analysts.md.
type question struct{ title, sql string }

func questions(t *testing.T) (list []question) {
	t.Helper()
	page, err := os.ReadFile("../../docs/analysts.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split(string(page), "\n### ")[1:] {
		title, rest, _ := strings.Cut(part, "\n")
		if _, sql, found := strings.Cut(rest, "```sql\n"); found {
			sql, _, _ = strings.Cut(sql, "```")
			list = append(list, question{title, sql})
		}
	}
	return list
}

// answered is what the file says to a question, as the cells of rows, worked out without a view.
var answered = map[string]func(p *onlineretail.Plan) []string{
	"Net sales by month and country": func(p *onlineretail.Plan) []string {
		type cell struct {
			month, country string
			net            int64
		}
		seen := map[string]cell{}
		for _, d := range documents(p) {
			key := onlineretail.Cell(d.Day[:7], d.Country)
			if sums, there := p.Expected.ByMonthCountry[key]; there {
				seen[key] = cell{d.Day[:7], d.Country, sums.Net()}
			}
		}
		var rows []string
		cells := slices.SortedFunc(maps.Values(seen), func(a, b cell) int {
			return cmp.Or(cmp.Compare(a.month, b.month), cmp.Compare(b.net, a.net), cmp.Compare(a.country, b.country))
		})
		for _, c := range cells {
			rows = append(rows, c.month+"|"+c.country+"|"+poundsOf(c.net))
		}
		return rows
	},
	"Which products come back": func(p *onlineretail.Plan) []string {
		type line struct {
			sku string
			onlineretail.Units
		}
		var lines []line
		for sku, u := range p.Expected.UnitsBySKU {
			if u.Returned > 0 && (onlineretail.Row{SKU: sku}).IsGoods() && u.Sold > 0 {
				lines = append(lines, line{sku, u})
			}
		}
		slices.SortFunc(lines, func(a, b line) int {
			return cmp.Or(cmp.Compare(b.Returned, a.Returned), strings.Compare(a.sku, b.sku))
		})
		var rows []string
		for _, l := range lines[:min(5, len(lines))] {
			rows = append(rows, fmt.Sprintf("%s|%d|%d|*", l.sku, l.Sold, l.Returned))
		}
		return rows
	},
	"Which products sell best": func(p *onlineretail.Plan) []string {
		left := map[string]int64{}
		for sku, u := range p.Expected.UnitsBySKU {
			if (onlineretail.Row{SKU: sku}).IsGoods() {
				left[sku] = u.Sold - u.Cancelled - u.Returned - u.WithoutOriginal
			}
		}
		names := map[string]string{}
		for _, product := range p.Products {
			names[product.SKU] = product.Name
		}
		skus := slices.SortedFunc(maps.Keys(left), func(a, b string) int {
			return cmp.Or(cmp.Compare(left[b], left[a]), strings.Compare(a, b))
		})
		var rows []string
		for _, sku := range skus[:5] {
			rows = append(rows, fmt.Sprintf("%s|%s|%d", sku, names[sku], left[sku]))
		}
		return rows
	},
	"How many customers come again": func(p *onlineretail.Plan) []string {
		months := map[string]map[string]bool{}
		for _, d := range orders(p) {
			if d.Customer != "" {
				if months[d.Customer] == nil {
					months[d.Customer] = map[string]bool{}
				}
				months[d.Customer][d.Day[:7]] = true
			}
		}
		counts := map[string]int{}
		for _, of := range months {
			list := slices.Sorted(maps.Keys(of))
			for _, month := range list {
				counts[list[0]+"|"+month]++
			}
		}
		var rows []string
		for _, key := range slices.Sorted(maps.Keys(counts)) {
			rows = append(rows, fmt.Sprintf("%s|%d", key, counts[key]))
		}
		return rows
	},
	"What an order comes to": func(p *onlineretail.Plan) []string {
		count, gross := map[string]int64{}, map[string]int64{}
		seen := map[string]bool{}
		for _, d := range documents(p) {
			month := d.Day[:7]
			if key := onlineretail.Cell(month, d.Country); !seen[key] {
				seen[key] = true
				gross[month] += p.Expected.ByMonthCountry[key].Gross
			}
		}
		for _, d := range orders(p) {
			count[d.Day[:7]]++
		}
		var rows []string
		for _, month := range slices.Sorted(maps.Keys(count)) {
			rows = append(rows, fmt.Sprintf("%s|%d|%s", month, count[month], poundsOf((gross[month]*2+count[month])/(2*count[month]))))
		}
		return rows
	},
	"What is in a basket": func(p *onlineretail.Plan) []string {
		lines, units, n := 0.0, 0.0, 0.0
		for _, d := range orders(p) {
			n++
			for _, r := range d.Rows {
				lines, units = lines+1, units+float64(r.Quantity)
			}
		}
		return []string{fmt.Sprintf("%.1f|%.1f", lines/n, units/n)}
	},
	"What credit costs": func(p *onlineretail.Plan) []string {
		m := p.Expected.Money
		return []string{poundsOf(m.Cancelled) + "|" + poundsOf(m.Returned) + "|" + poundsOf(m.WithoutOriginal)}
	},
	"How many payments are declined": func(p *onlineretail.Plan) []string {
		return []string{fmt.Sprintf("%d|0", p.Expected.Counts.Sales)}
	},
}

func documents(p *onlineretail.Plan) (list []*onlineretail.Document) {
	for _, day := range p.Days {
		list = append(list, day.Documents...)
	}
	return list
}

func orders(p *onlineretail.Plan) []*onlineretail.Document {
	return slices.DeleteFunc(documents(p), func(d *onlineretail.Document) bool {
		return d.Class != onlineretail.Sale && d.Class != onlineretail.FreeOrder
	})
}

func poundsOf(pence int64) string {
	sign := ""
	if pence < 0 {
		sign, pence = "-", -pence
	}
	return fmt.Sprintf("%s%d.%02d", sign, pence/100, pence%100)
}

// The questions that the page for analysts asks are answered to an analyst as the file answers them.
func TestTheQuestionsOfAnalystsAreAnsweredRight(t *testing.T) {
	till := tilltest.Start(t, dataDir(t, "data"))
	path := excerpt(t, 3)
	imports(t, till, 0, path)
	plan := planOf(t, path)
	dsn := tilltest.Run(t.Context(), t, "analysts", "--dsn", "--data", till.Data)
	analyst, err := pgx.Connect(t.Context(), strings.TrimSpace(dsn.Out))
	if err != nil {
		t.Fatal(err)
	}
	defer analyst.Close(t.Context())
	list := questions(t)
	if len(list) < 12 {
		t.Errorf("the page asks %d questions", len(list))
	}
	checked := 0
	for _, q := range list {
		got := answer(t, analyst, q)
		expect := answered[q.title]
		if expect == nil {
			continue
		}
		checked++
		want := expect(plan)
		for i := range want {
			if i < len(got) && strings.HasSuffix(want[i], "*") { // a ratio of what stands before it
				want[i] = want[i][:len(want[i])-1] + got[i][strings.LastIndex(got[i], "|")+1:]
			}
		}
		if len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s: SQL answers\n%s\nand the file\n%s", q.title, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	if checked != len(answered) {
		t.Errorf("%d questions were compared, of %d that the file can answer", checked, len(answered))
	}
}

func planOf(t *testing.T, path string) *onlineretail.Plan {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	file, err := onlineretail.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := onlineretail.MakePlan(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// answer is the rows that SQL answers with, cells apart by a bar.
func answer(t *testing.T, conn *pgx.Conn, q question) (list []string) {
	t.Helper()
	rows, err := conn.Query(t.Context(), q.sql, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatalf("%s: %v", q.title, err)
	}
	defer rows.Close()
	for rows.Next() {
		var cells []string
		for _, raw := range rows.RawValues() {
			cells = append(cells, string(raw))
		}
		list = append(list, strings.Join(cells, "|"))
	}
	if rows.Err() != nil {
		t.Fatalf("%s: %v", q.title, rows.Err())
	}
	return list
}
