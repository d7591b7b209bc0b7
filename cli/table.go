package cli

import (
	"strings"
	"unicode/utf8"
)

// table is rows of cells in columns as wide as their widest cell, with lines of
// text under rows.
type table struct {
	head  []string
	right []bool // columns that are numbers
	rows  []row
}

type row struct {
	cells []string
	under []string
}

func (t *table) add(cells []string, under ...string) {
	t.rows = append(t.rows, row{cells, under})
}

func (t *table) write(b *strings.Builder) {
	width := make([]int, len(t.head))
	for i, c := range t.head {
		width[i] = utf8.RuneCountInString(c)
	}
	for _, r := range t.rows {
		for i, c := range r.cells {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	t.line(b, t.head, width)
	for _, r := range t.rows {
		t.line(b, r.cells, width)
		for _, u := range r.under {
			b.WriteString("    " + u + "\n")
		}
	}
}

func (t *table) line(b *strings.Builder, cells []string, width []int) {
	var line strings.Builder
	for i, c := range cells {
		pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(c))
		if t.right[i] {
			line.WriteString(pad + c)
		} else {
			line.WriteString(c + pad)
		}
		line.WriteString("  ")
	}
	b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
}
