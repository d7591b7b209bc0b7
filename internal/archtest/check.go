package archtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// rules is the table of arrows.go in the form in which it is looked up.
type rules struct {
	houses []house
	// reach of a house: every house that it may import, through others too.
	reach  map[string]map[string]bool
	walls  []wall
	core   []string
	allows []string // modules from elsewhere that the core may use
}

// newRules follows the arrows through. It fails on a table that contradicts
// itself: a house named twice, an arrow from nowhere, a circle.
func newRules(houses []house, walls []wall, core, allows []string) (*rules, error) {
	r := &rules{houses: houses, reach: map[string]map[string]bool{}, walls: walls, core: core, allows: allows}
	rows := map[string]house{}
	for _, h := range houses {
		if _, twice := rows[h.path]; twice {
			return nil, fmt.Errorf("arrows: house %q is listed twice", h.path)
		}
		rows[h.path] = h
	}
	named := slices.Clone(core)
	for _, w := range walls {
		named = append(named, w.inside...)
	}
	for _, h := range houses {
		named = append(named, h.over...)
	}
	for _, name := range named {
		if _, ok := rows[name]; !ok {
			return nil, fmt.Errorf("arrows: %q is named, but it is no house", name)
		}
	}
	for _, h := range houses {
		if err := r.follow(rows, h.path, nil); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// follow fills in the reach of a house; trail is how it got there.
func (r *rules) follow(rows map[string]house, name string, trail []string) error {
	if slices.Contains(trail, name) {
		return fmt.Errorf("arrows: a circle: %s", strings.Join(append(trail, name), " > "))
	}
	if r.reach[name] != nil {
		return nil
	}
	trail = append(trail, name)
	reach := map[string]bool{}
	for _, o := range rows[name].over {
		if err := r.follow(rows, o, trail); err != nil {
			return err
		}
		reach[o] = true
		maps.Copy(reach, r.reach[o])
	}
	r.reach[name] = reach
	return nil
}

// houseOf returns the house of a package, "" for one that has none.
func (r *rules) houseOf(folder string) string {
	for _, h := range r.houses {
		root, whole := strings.CutSuffix(h.path, "/...")
		if folder == h.path || (whole && below(folder, root)) {
			return h.path
		}
	}
	return ""
}

// check returns what breaks the rules, as lines for people, in the order of the
// files.
func (r *rules) check(t *tree) []string {
	var out []string
	for _, p := range t.sorted() {
		name := r.houseOf(p.path)
		if name == "" {
			out = append(out, fmt.Sprintf("%s: this package is in no house: add it to the table in internal/archtest/arrows.go and to ARCHITECTURE.md", p.path))
			continue
		}
		for _, f := range p.files {
			for _, spec := range f.Imports {
				if broken := r.judge(name, imported(spec)); broken != "" {
					out = append(out, t.line(spec)+": "+broken)
				}
			}
		}
	}
	return append(out, r.checkCore(t)...)
}

// judge says what is wrong with one direct import by a house, "" if nothing is.
func (r *rules) judge(name, importPath string) string {
	if folder := ours(importPath); folder != "" {
		to := r.houseOf(folder)
		if to == "" || to == name || r.reach[name][to] {
			return "" // a package without a house has been reported itself
		}
		return fmt.Sprintf("%s must not import %s: there is no arrow %s < %s in internal/archtest/arrows.go", name, folder, to, name)
	}
	for _, w := range r.walls {
		for _, m := range w.modules {
			if below(importPath, m) && !slices.Contains(w.inside, name) {
				return fmt.Sprintf("%s must not import %s: %s (allowed in %s)", name, importPath, w.why, strings.Join(w.inside, ", "))
			}
		}
	}
	return ""
}
