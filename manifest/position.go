package manifest

import (
	"fmt"
	"strconv"
	"strings"
)

// Position says where an object was read.
type Position struct {
	File     string // path, "stdin" or "cluster"
	Document int    // from 1; 0 for an object that is in no document
	Item     int    // of a List, from 1; 0 for a document that is the object itself
	Line     int    // on which it begins, from 1; 0 if unknown
}

// String is "shop.yaml: document 3, item 2 (line 45)".
func (p Position) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Document > 0 {
		b.WriteString(": document " + strconv.Itoa(p.Document))
	}
	if p.Item > 0 {
		b.WriteString(", item " + strconv.Itoa(p.Item))
	}
	if p.Line > 0 {
		b.WriteString(" (line " + strconv.Itoa(p.Line) + ")")
	}
	return b.String()
}

// before orders positions as they are read.
func (p Position) before(q Position) bool {
	switch {
	case p.File != q.File:
		return p.File < q.File
	case p.Document != q.Document:
		return p.Document < q.Document
	}
	return p.Item < q.Item
}

// Error is something wrong with the input.
type Error struct {
	At     Position
	Object string // "Deployment shop/web", "" when it is not known
	Field  string // "spec.replicas", "" when the whole object is meant
	Err    error
}

// Error is "shop.yaml: document 3 (line 45): Deployment shop/web: spec.replicas: must not be negative".
func (e *Error) Error() string {
	parts := []string{e.At.String()}
	for _, s := range []string{e.Object, e.Field} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(append(parts, e.Err.Error()), ": ")
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// maxErrors bounds the mistakes that are told at once.
const maxErrors = 20

// Errors are the mistakes found in an input, in the order of their positions.
type Errors []*Error

// Error lists the first of them, one on a line.
func (e Errors) Error() string {
	lines := make([]string, 0, min(len(e), maxErrors)+1)
	for i, x := range e {
		if i == maxErrors {
			lines = append(lines, fmt.Sprintf("and %d more mistakes", len(e)-maxErrors))
			break
		}
		lines = append(lines, x.Error())
	}
	return strings.Join(lines, "\n")
}
