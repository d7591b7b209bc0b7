package manifest

import (
	"bytes"
	"errors"
	"io"
)

// yamlDocument is one YAML document while its lines come in. The items of a List
// are cut out and handed on one by one. That needs no parser: in block style, all
// lines of an item are indented deeper than its dash, block scalars included, and
// the List's other keys stand in the first column.
type yamlDocument struct {
	s     *splitter
	begin int // line on which the document begins
	// rest is the document without its items.
	rest []byte
	// pending is set between "items:" and the first line that says what follows.
	pending  bool
	inItems  bool
	stripped bool
	indent   int // of the dashes
	item     []byte
	itemLine int
	items    int
	// gapAfter is the number of lines of rest that stand before the items.
	gapAfter, gapLines    int
	listKind, listVersion string
}

// yaml reads one document up to the marker that ends it.
func (s *splitter) yaml() error {
	d := &yamlDocument{s: s, begin: s.line + 1}
	line := s.back
	if s.back = nil; line != nil {
		d.begin = s.line
		d.add(line)
	}
	for {
		var err error
		line, err = s.readLine(line[:0])
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return s.wrap(err)
		}
		if isMarker(line) {
			s.back = afterMarker(line)
			break
		}
		d.add(line)
		if len(d.rest) > MaxObject || len(d.item) > MaxObject {
			return s.wrap(errTooLarge)
		}
	}
	d.end()
	return nil
}

func (d *yamlDocument) add(line []byte) {
	text := bytes.TrimLeft(line, " ")
	indent := len(line) - len(text)
	empty := len(bytes.TrimSpace(text)) == 0 || text[0] == '#'
	switch {
	case d.pending && !empty:
		d.pending = false
		if isDash(text) {
			d.beginItems(indent)
			d.beginItem(line)
			return
		}
		d.rest = append(d.rest, line...)
	case d.inItems && (empty || indent > d.indent):
		d.item = append(d.item, line...)
	case d.inItems && indent == d.indent && isDash(text):
		d.endItem()
		d.beginItem(line)
	case d.inItems:
		d.endItem()
		d.inItems = false
		d.gapLines = d.s.line - 1 - (d.begin - 1) - d.gapAfter
		d.rest = append(d.rest, line...)
	default:
		d.pending = d.pending || (indent == 0 && !d.stripped && isItemsKey(text))
		d.rest = append(d.rest, line...)
	}
}

// beginItems looks at what is known of the List so far: kubectl writes its
// apiVersion first, and its kind last.
func (d *yamlDocument) beginItems(indent int) {
	d.inItems, d.stripped, d.indent = true, true, indent
	d.gapAfter = bytes.Count(d.rest, []byte{'\n'})
	if t, err := typeOf(piece{text: d.rest}); err == nil {
		d.listKind, d.listVersion = t.Kind, t.APIVersion
	} // a mistake in the rest is told when the document ends
}

func (d *yamlDocument) beginItem(line []byte) {
	d.items++
	d.itemLine = d.s.line
	d.item = append(d.item[:0], line...)
	d.item[d.indent] = ' ' // the dash
}

func (d *yamlDocument) endItem() {
	if d.item == nil {
		return
	}
	d.s.emit(piece{
		at:   Position{File: d.s.file, Document: d.s.doc, Item: d.items, Line: d.itemLine},
		text: bytes.Clone(d.item), listKind: d.listKind, listVersion: d.listVersion,
	})
}

func (d *yamlDocument) end() {
	if d.inItems {
		d.endItem()
	}
	d.s.emit(piece{
		at:   Position{File: d.s.file, Document: d.s.doc, Line: d.begin},
		text: d.rest, stripped: d.stripped, gapAfter: d.gapAfter, gapLines: d.gapLines,
	})
}

// isDash tells whether a line, without its indentation, begins an item of a list.
func isDash(text []byte) bool {
	return text[0] == '-' && (len(text) == 1 || text[1] == ' ' || text[1] == '\n' || text[1] == '\r')
}

// isItemsKey tells whether a line is the key "items" without a value beside it.
func isItemsKey(text []byte) bool {
	rest, ok := bytes.CutPrefix(text, []byte("items:"))
	if !ok {
		return false
	}
	trimmed := bytes.TrimSpace(rest)
	return len(trimmed) == 0 || (trimmed[0] == '#' && (rest[0] == ' ' || rest[0] == '\t'))
}
