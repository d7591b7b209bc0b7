package archtest

import (
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// tree is the source of the project, tests left out.
type tree struct {
	fset     *token.FileSet
	packages map[string]*pkg // by folder, relative to the root; "." is the root
}

// pkg is a folder with Go files. A folder with nothing but tests has no files
// here, and still needs a house.
type pkg struct {
	path  string
	files []*ast.File
}

// folders that hold no packages of the project.
var skipped = []string{"bin", "testdata", "vendor"}

// load parses every package below the root of fsys, nested modules included.
func load(fsys fs.FS) (*tree, error) {
	t := &tree{fset: token.NewFileSet(), packages: map[string]*pkg{}}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() {
			if name != "." && (base[0] == '.' || base[0] == '_' || slices.Contains(skipped, base)) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") || base[0] == '.' || base[0] == '_' {
			return nil
		}
		return t.add(fsys, name)
	})
	return t, err
}

func (t *tree) add(fsys fs.FS, name string) error {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	f, err := parser.ParseFile(t.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	if inNoBuild(f) {
		return nil
	}
	dir := path.Dir(name)
	p := t.packages[dir]
	if p == nil {
		p = &pkg{path: dir}
		t.packages[dir] = p
	}
	if !strings.HasSuffix(name, "_test.go") {
		p.files = append(p.files, f)
	}
	return nil
}

// inNoBuild tells whether a file is tagged ignore or tools and nothing else.
func inNoBuild(f *ast.File) bool {
	for _, group := range f.Comments {
		if group.Pos() > f.Package {
			return false
		}
		for _, c := range group.List {
			if !constraint.IsGoBuild(c.Text) {
				continue
			}
			expr, err := constraint.Parse(c.Text)
			if err != nil {
				return false
			}
			tag, ok := expr.(*constraint.TagExpr)
			return ok && (tag.Tag == "ignore" || tag.Tag == "tools")
		}
	}
	return false
}

// sorted returns the packages by path.
func (t *tree) sorted() []*pkg {
	out := make([]*pkg, 0, len(t.packages))
	for _, name := range slices.Sorted(maps.Keys(t.packages)) {
		out = append(out, t.packages[name])
	}
	return out
}

// line is "folder/file.go:12".
func (t *tree) line(n ast.Node) string {
	p := t.fset.Position(n.Pos())
	return p.Filename + ":" + strconv.Itoa(p.Line)
}

// imported is the path that an import declaration names.
func imported(spec *ast.ImportSpec) string {
	name, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return spec.Path.Value // the parser has refused it already
	}
	return name
}

// ours returns the folder of a package of this project, "" for one from
// elsewhere.
func ours(importPath string) string {
	if importPath == module {
		return "."
	}
	rest, ok := strings.CutPrefix(importPath, module+"/")
	if !ok {
		return ""
	}
	return rest
}

// below tells whether an import path is root or below it.
func below(importPath, root string) bool {
	return importPath == root || strings.HasPrefix(importPath, root+"/")
}
