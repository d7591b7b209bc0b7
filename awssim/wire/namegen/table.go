package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// table writes what does not follow from the names of the members: sorted, one member
// a line.
func (s *source) table() string {
	var b strings.Builder
	protocol := "query"
	if s.ec2 {
		protocol = "ec2"
	}
	fmt.Fprintf(&b, "protocol %s\n", protocol)
	s.rows(&b, ">", s.in, protocol == "query", func(field string) string { return field })
	s.rows(&b, "<", s.out, true, func(field string) string {
		if s.ec2 {
			return strings.ToLower(field[:1]) + field[1:]
		}
		return field
	})
	return b.String()
}

// rows writes one direction: "> Struct Member name item" for requests, "<" for
// answers. The item is left out where it is the usual one and is "-" where there is
// none.
func (s *source) rows(b *strings.Builder, direction string, structs map[string][]member, wrapped bool, usual func(string) string) {
	item := "member"
	if s.ec2 {
		item = "item"
	}
	for _, name := range slices.Sorted(maps.Keys(structs)) {
		members := structs[name]
		slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.field, b.field) })
		for _, m := range members {
			odd := m.list && wrapped && m.item != item
			switch {
			case m.unknown:
				fmt.Fprintf(b, "? %s %s %s\n", direction, name, m.field)
			case odd && m.item == "":
				fmt.Fprintf(b, "%s %s %s %s -\n", direction, name, m.field, m.name)
			case odd:
				fmt.Fprintf(b, "%s %s %s %s %s\n", direction, name, m.field, m.name, m.item)
			case m.name != usual(m.field):
				fmt.Fprintf(b, "%s %s %s %s\n", direction, name, m.field, m.name)
			}
		}
	}
}
