package report

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"

	"github.com/ullage-sh/ullage/sim/policy"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

//go:embed page.js
var pageJS string

var page = template.Must(template.New("page").Parse(pageHTML))

// Page is a comparison as a page of its own: what draws it and all that it shows are in
// it, and it asks for nothing else. command is how to repeat what was run.
func Page(c *policy.Comparison, command string) ([]byte, error) {
	file := asFile(c)
	for _, s := range append(file.Policies, file.Unmoved) {
		for i := range s.Runs {
			s.Runs[i].Series = s.Runs[i].Series.thinned()
		}
	}
	data, err := json.Marshal(file)
	if err != nil {
		return nil, fmt.Errorf("the page's data: %w", err)
	}
	type row struct {
		Name  string
		Inner bool // it says more about the one above
		Cells []string
	}
	view := struct {
		Name, Length, Seeds, Command string
		Columns                      []*policy.Standing
		Lead                         []lead
		Rows                         []row
		Style                        template.CSS
		Script                       template.JS
		Data                         template.JS
	}{
		Name: c.Name, Length: c.Length.String(), Seeds: seedList(c.Seeds), Command: command,
		Style: template.CSS(pageCSS), Script: template.JS(pageJS), Data: template.JS(data), //nolint:gosec // our own files, and JSON with <, > and & escaped
	}
	view.Columns = everyone(c)
	for _, s := range view.Columns {
		x := c.Summary(s)
		view.Lead = append(view.Lead, lead{s.Name, s.Title, dollars(x.Cost), fmt.Sprintf("%.0f %%", 100*x.Over)})
	}
	view.Lead = view.Lead[:len(view.Lead)-1] // not that in which nothing is moved
	for _, m := range measures {
		r := row{Name: m.name, Inner: m.name[0] == ' '}
		for _, s := range view.Columns {
			x := c.Summary(s)
			r.Cells = append(r.Cells, m.text(&x))
		}
		view.Rows = append(view.Rows, r)
	}
	var b bytes.Buffer
	if err := page.Execute(&b, view); err != nil {
		return nil, fmt.Errorf("the page: %w", err)
	}
	return b.Bytes(), nil
}

// lead is what is said first of a policy.
type lead struct{ Name, Title, Cost, Over string }

// mostPoints is how many points of a series a page gets: more than a screen is wide is
// of no use.
const mostPoints = 600

// thinned is every nth of the points.
func (s series) thinned() series {
	step := (len(s.After) + mostPoints - 1) / mostPoints
	if step <= 1 {
		return s
	}
	out := series{
		After: every(step, s.After), Rate: every(step, s.Rate), Floor: every(step, s.Floor), Pods: every(step, s.Pods), Pending: every(step, s.Pending),
		CPU: every(step, s.CPU), Memory: every(step, s.Memory), Evicted: every(step, s.Evicted), Nodes: every(step, s.Nodes), Families: map[string][]int{},
	}
	for family, nodes := range s.Families {
		out.Families[family] = every(step, nodes)
	}
	return out
}

func every[T any](step int, list []T) []T {
	var out []T
	for i := 0; i < len(list); i += step {
		out = append(out, list[i])
	}
	return out
}
