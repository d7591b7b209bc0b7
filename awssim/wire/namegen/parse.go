package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
)

// source is what the serializers and deserializers of a service say.
type source struct {
	ec2       bool // ec2Query; otherwise Query
	functions map[string]*ast.FuncDecl
	in, out   map[string][]member // by struct: "types.Filter", "DescribeInstancesInput"
}

// member is one member of a struct on the wire.
type member struct {
	field string // as Go has it
	name  string // on the wire
	// item is what the elements of a list are called; "" for a list without a level of
	// its own (flattened), and for what is no list.
	item string
	list bool
	// unknown: the SDK writes or reads it in a form that is not understood.
	unknown bool
}

func parse(dir string) (*source, error) {
	s := &source{functions: map[string]*ast.FuncDecl{}, in: map[string][]member{}, out: map[string][]member{}}
	fset := token.NewFileSet()
	for _, name := range []string{"serializers.go", "deserializers.go"} {
		f, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("the SDK may have moved to schemas, which need no table: %w", err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				s.functions[fn.Name.Name] = fn
				s.ec2 = s.ec2 || strings.HasPrefix(fn.Name.Name, "awsEc2query_")
			}
		}
	}
	for name, fn := range s.functions {
		of := structOf(fn)
		switch {
		case of == "":
		case strings.Contains(name, "_serializeDocument"), strings.Contains(name, "_serializeOpDocument"):
			s.in[of] = s.written(fn)
		case strings.Contains(name, "_deserializeDocument"), strings.Contains(name, "_deserializeOpDocument"):
			s.out[of] = s.readBack(fn)
		}
	}
	return s, nil
}

// structOf names the struct that a function serializes or reads, "" if it is none.
func structOf(fn *ast.FuncDecl) string {
	if fn.Type.Params == nil || len(fn.Type.Params.List) == 0 {
		return ""
	}
	t := fn.Type.Params.List[0].Type
	for {
		star, ok := t.(*ast.StarExpr)
		if !ok {
			break
		}
		t = star.X
	}
	switch t := t.(type) {
	case *ast.Ident:
		if strings.HasSuffix(t.Name, "Input") || strings.HasSuffix(t.Name, "Output") {
			return t.Name
		}
	case *ast.SelectorExpr:
		if from, ok := t.X.(*ast.Ident); ok && from.Name == "types" {
			return "types." + t.Sel.Name
		}
	}
	return ""
}

// written reads a serializer: an if for each member, with a key in it.
func (s *source) written(fn *ast.FuncDecl) []member {
	var out []member
	for _, statement := range fn.Body.List {
		var m member
		ast.Inspect(statement, func(n ast.Node) bool {
			if field := selected(n, "v"); field != "" && m.field == "" {
				m.field = field
			}
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			switch name := called(call); {
			case name == "Key" || name == "FlatKey":
				m.name = text(call.Args[0])
				m.list = m.list || name == "FlatKey"
			case strings.Contains(name, "_serializeDocument") && s.functions[name] != nil:
				if item, ok := arrayOf(s.functions[name]); ok {
					m.item, m.list = item, true
				}
			case name == "Map":
				m.unknown = true
			}
			return true
		})
		if m.field == "" {
			continue
		}
		if s.ec2 {
			m.item = "" // its lists are all flattened: the name of the array is not written
		}
		m.unknown = m.unknown || m.name == ""
		out = append(out, m)
	}
	return out
}

// arrayOf returns what a serializer of a list calls its elements; false if it is no
// serializer of a list.
func arrayOf(fn *ast.FuncDecl) (item string, ok bool) {
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		if call, is := n.(*ast.CallExpr); is && called(call) == "Array" && len(call.Args) == 1 {
			item, ok = text(call.Args[0]), true
		}
		return true
	})
	return item, ok
}

// readBack reads a deserializer: a case for each member, with its name in it.
func (s *source) readBack(fn *ast.FuncDecl) []member {
	var out []member
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		clause, ok := n.(*ast.CaseClause)
		if !ok || len(clause.List) != 1 {
			return true
		}
		m := member{name: folded(clause.List[0])}
		for _, statement := range clause.Body {
			ast.Inspect(statement, func(n ast.Node) bool {
				if field := selected(n, "sv"); field != "" && m.field == "" {
					m.field = field
				}
				if call, ok := n.(*ast.CallExpr); ok {
					s.readList(&m, called(call))
				}
				return true
			})
		}
		m.unknown = m.name == "" || m.field == ""
		out = append(out, m)
		return false
	})
	return out
}

// readList fills in what the elements of a list are called that a function reads.
func (s *source) readList(m *member, function string) {
	fn := s.functions[function]
	if fn == nil || !strings.Contains(function, "_deserializeDocument") {
		return
	}
	star, ok := fn.Type.Params.List[0].Type.(*ast.StarExpr)
	if !ok {
		return
	}
	if _, isList := star.X.(*ast.ArrayType); !isList {
		return
	}
	m.list = true
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		if clause, ok := n.(*ast.CaseClause); ok && len(clause.List) == 1 && m.item == "" {
			m.item = folded(clause.List[0])
		}
		return true
	})
}

// selected is F of the expression root.F.
func selected(n ast.Node, root string) string {
	sel, ok := n.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if from, ok := sel.X.(*ast.Ident); ok && from.Name == root {
		return sel.Sel.Name
	}
	return ""
}

// called is the name of the function or method that is called.
func called(call *ast.CallExpr) string {
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		return fun.Name
	case *ast.SelectorExpr:
		return fun.Sel.Name
	}
	return ""
}

// folded is the name in strings.EqualFold("name", t.Name.Local).
func folded(e ast.Expr) string {
	if call, ok := e.(*ast.CallExpr); ok && called(call) == "EqualFold" {
		return text(call.Args[0])
	}
	return ""
}

// text is the value of a string literal.
func text(e ast.Expr) string {
	if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		if s, err := strconv.Unquote(lit.Value); err == nil {
			return s
		}
	}
	return ""
}
