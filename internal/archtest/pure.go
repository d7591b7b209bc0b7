package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// checkCore holds the core, and every package of ours that it reaches, to what
// makes it pure.
func (r *rules) checkCore(t *tree) []string {
	var out []string
	seen := map[string]bool{}
	type step struct {
		folder string
		via    []string // from a package of the core to here
	}
	var queue []step
	for _, name := range r.core {
		queue = append(queue, step{name, []string{name}})
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		p := t.packages[at.folder]
		if seen[at.folder] || p == nil {
			continue // not built yet, or the compiler will say so
		}
		seen[at.folder] = true
		where := "the pure core"
		if len(at.via) > 1 {
			where = "what the pure core reaches (" + strings.Join(at.via, " → ") + ")"
		}
		for _, f := range p.files {
			for _, spec := range f.Imports {
				name := imported(spec)
				if folder := ours(name); folder != "" {
					queue = append(queue, step{folder, append(slices.Clone(at.via), folder)})
				} else if why := r.forbidden(name); why != "" {
					out = append(out, fmt.Sprintf("%s: %s must not import %s: %s", t.line(spec), where, name, why))
				}
			}
			out = append(out, impure(t, f, where)...)
		}
	}
	return out
}

// forbidden says why the core must not import a package from elsewhere, "" if it
// may.
func (r *rules) forbidden(importPath string) string {
	for _, f := range coreForbids {
		if below(importPath, f) {
			return "time, chance and the outside world arrive as arguments"
		}
	}
	first, _, _ := strings.Cut(importPath, "/")
	if !strings.Contains(first, ".") {
		return "" // the standard library
	}
	if slices.ContainsFunc(r.allows, func(m string) bool { return below(importPath, m) }) {
		return ""
	}
	return "it uses nothing but the standard library (coreAllows in internal/archtest/arrows.go lists the exceptions)"
}

// impure finds what no import shows: goroutines, channels, and printing.
func impure(t *tree, f *ast.File, where string) []string {
	var out []string
	format := "fmt"
	for _, spec := range f.Imports {
		if imported(spec) == "fmt" && spec.Name != nil {
			format = spec.Name.Name
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		what := ""
		switch n := n.(type) {
		case *ast.GoStmt:
			what = "start a goroutine"
		case *ast.ChanType, *ast.SendStmt, *ast.SelectStmt:
			what = "use channels"
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				what = "use channels"
			}
		case *ast.CallExpr:
			if name := printer(n.Fun, format); name != "" {
				what = "call " + name
			}
		}
		if what != "" {
			out = append(out, fmt.Sprintf("%s: %s must not %s", t.line(n), where, what))
		}
		return true
	})
	return out
}

// printer names a function that reads or writes the standard streams, "" for any
// other. The file knows the package fmt as format.
func printer(fun ast.Expr, format string) string {
	switch fun := fun.(type) {
	case *ast.Ident:
		if fun.Name == "print" || fun.Name == "println" {
			return fun.Name
		}
	case *ast.SelectorExpr:
		from, ok := fun.X.(*ast.Ident)
		streams := []string{"Print", "Printf", "Println", "Scan", "Scanf", "Scanln"}
		if ok && from.Name == format && slices.Contains(streams, fun.Sel.Name) {
			return "fmt." + fun.Sel.Name
		}
	}
	return ""
}
