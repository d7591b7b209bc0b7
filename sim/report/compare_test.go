package report_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim"
	"github.com/ullage-sh/ullage/sim/policy"
	"github.com/ullage-sh/ullage/sim/report"
)

var rewrite = flag.Bool("rewrite", false, "write what is reported to testdata, for review")

// made is a comparison of two policies and two seeds, three points each.
func made() *policy.Comparison {
	run := func(seed uint64, cost, least cluster.Money, evicted int) policy.Run {
		r := &sim.Result{
			Seed: seed, Length: 2 * cluster.Hour, Digest: "0123", Cost: cost, Launched: 3, Ended: 1, NodesMost: 3, NodeTime: 5 * cluster.Hour, Evictions: evicted,
			Waits: sim.Waits{Pods: 10, Sum: 400, P50: 40 * cluster.Second, P99: 61500 * cluster.Millisecond}, Used: sim.Usage{CPU: 812_345, Memory: 500_000},
		}
		for i := range 3 {
			r.Series = append(r.Series, sim.Point{
				At: cluster.Duration(i) * cluster.Hour, Nodes: i + 1, Pods: 10 * i, PendingMost: 2 - i, Rate: cost / 2, CPU: int64(i) * 1000, CPUPaid: 3000, Memory: 1 << 30, MemoryPaid: 4 << 30, Evicted: evicted * i / 2,
			})
		}
		return policy.Run{
			Result: r, Seed: seed, Floor: []cluster.Money{least / 2, least / 2, least / 2}, Least: least,
			Families: []map[string]int{{"m5": 1}, {"m5": 2}, {"c5": 1, "m5": 2}},
		}
	}
	named, err := policy.Named([]string{"ullage", "karpenter"})
	if err != nil {
		panic(err) // both are there
	}
	return &policy.Comparison{
		Name: "day.yaml", Length: 2 * cluster.Hour, Seeds: []uint64{4, 5},
		Standings: []policy.Standing{
			{Policy: named[0], Runs: []policy.Run{run(4, 2_000_000, 1_800_000, 12), run(5, 2_200_000, 1_900_000, 8)}},
			{Policy: named[1], Runs: []policy.Run{run(4, 2_500_000, 1_800_000, 3), run(5, 3_300_000, 1_900_000, 5)}},
		},
		Unmoved: policy.Standing{Policy: policy.Policy{Name: "unmoved", Title: "Ullage, nothing moved"}, Runs: []policy.Run{run(4, 2_700_000, 1_800_000, 0), run(5, 3_000_000, 1_900_000, 0)}},
	}
}

// TestCompareFiles compares text and JSON with testdata.
// go test ./sim/report -run CompareFiles -rewrite writes it there.
func TestCompareFiles(t *testing.T) {
	c := made()
	text, err := report.CompareJSON(c)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{"compare.txt": report.CompareText(c), "compare.json": string(text)} {
		path := filepath.Join("testdata", name)
		if *rewrite {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs, got:\n%s", path, got)
		}
	}
}

// TestPage: the page is well-formed, loads nothing, says how to repeat what was run, has
// every figure of the text, and the data that its script draws.
func TestPage(t *testing.T) {
	c := made()
	c.Name = `<b>"day" & night</b>` // as people name their files
	command := "ullage sim compare 'a&b.yaml' -o html"
	text, err := report.Page(c, command)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := html.Parse(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	var cells, cards []string
	var data, script, code string
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode {
			id := attribute(n, "id")
			switch {
			case n.Data == "b":
				t.Error("the name of the scenario became markup")
			case n.Data == "link", n.Data == "img", n.Data == "iframe", attribute(n, "src") != "", attribute(n, "href") != "":
				t.Errorf("<%s> loads something", n.Data)
			case n.Data == "td":
				cells = append(cells, content(n))
			case n.Data == "code":
				code = content(n)
			case attribute(n, "class") == "card":
				cards = append(cards, attribute(n, "data-policy"))
			case n.Data == "script" && id == "data":
				data = content(n)
			case n.Data == "script":
				script = content(n)
			}
		}
		for x := n.FirstChild; x != nil; x = x.NextSibling {
			walk(x)
		}
	}
	walk(doc)
	if code != command {
		t.Errorf("it is repeated by %q, want %q", code, command)
	}
	if !slices.Equal(cards, []string{"ullage", "karpenter"}) {
		t.Errorf("the cards are of %v", cards)
	}
	for _, want := range []string{"$2.10", "137.5 % (125–150)", "13.5 %", "13.3"} {
		if !slices.Contains(cells, want) {
			t.Errorf("no cell has %q: %q", want, cells)
		}
	}
	if strings.Contains(string(text), "http") && strings.Contains(strings.ReplaceAll(strings.ReplaceAll(string(text), "http://www.w3.org/2000/svg", ""), "http-equiv", ""), "http") {
		t.Error("the page names another one")
	}
	drawn(t, data, script)
}

// drawn checks that the data has what the script looks for.
func drawn(t *testing.T, data, script string) {
	t.Helper()
	var file struct {
		Seconds  int64 `json:"seconds"`
		Policies []struct {
			Runs []struct {
				Series map[string]any `json:"series"`
			} `json:"runs"`
		} `json:"policies"`
	}
	if err := json.Unmarshal([]byte(data), &file); err != nil {
		t.Fatalf("the page's data: %v", err)
	}
	if file.Seconds != 7200 || len(file.Policies) != 2 || len(file.Policies[1].Runs) != 2 {
		t.Fatalf("the page's data has %d seconds of %d policies", file.Seconds, len(file.Policies))
	}
	series := file.Policies[1].Runs[1].Series
	fields := regexp.MustCompile(`lines\("[^"]*", "[^"]*", "(\w+)"`).FindAllStringSubmatch(script, -1)
	if len(fields) < 5 {
		t.Errorf("the script draws %d plots of lines: how it says so has changed", len(fields))
	}
	for _, f := range append(fields, []string{"", "nodesByFamily"}, []string{"", "floorUSDPerHour"}, []string{"", "after"}, []string{"", "nodes"}) {
		if series[f[1]] == nil {
			t.Errorf("the script draws %q, which the data does not have", f[1])
		}
	}
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func content(n *html.Node) string {
	var b strings.Builder
	for x := n.FirstChild; x != nil; x = x.NextSibling {
		if x.Type == html.TextNode {
			b.WriteString(x.Data)
		}
	}
	return b.String()
}
