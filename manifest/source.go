package manifest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Stdin is the path that means standard input.
const Stdin = "-"

// extensions are the files that are read from a directory, as kubectl has it.
var extensions = []string{".json", ".yaml", ".yml"}

// source is a file or a stream to be read.
type source struct {
	name string
	open func() (io.ReadCloser, error)
}

// sources resolves paths: a file is itself, a directory is every file in it and
// below it that is named like YAML or JSON, and [Stdin] is stdin. The order of paths
// does not matter: sources are sorted by name, and one that is named twice is read
// once.
func sources(paths []string, stdin io.Reader) ([]source, error) {
	byName := map[string]source{}
	for _, path := range paths {
		if path == Stdin {
			byName["stdin"] = source{"stdin", func() (io.ReadCloser, error) { return io.NopCloser(stdin), nil }}
			continue
		}
		files, err := filesOf(path)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			byName[f] = source{f, func() (io.ReadCloser, error) { return os.Open(f) }}
		}
	}
	out := make([]source, 0, len(byName))
	for _, s := range byName {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b source) int { return strings.Compare(a.name, b.name) })
	return out, nil
}

func filesOf(path string) ([]string, error) {
	path = filepath.Clean(path)
	info, err := os.Stat(path)
	if err != nil {
		var at *fs.PathError
		if errors.As(err, &at) {
			err = at.Err
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var out []string
	err = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		// What begins with a dot is an editor's or a repository's.
		if name != path && strings.HasPrefix(d.Name(), ".") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !d.IsDir() && slices.Contains(extensions, strings.ToLower(filepath.Ext(name))) {
			out = append(out, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading directory %s: %w", path, err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no file in it or below it ends in %s", path, strings.Join(extensions, ", "))
	}
	return out, nil
}
