package pack

// Memory is room to work in that one packing leaves to the next. It decides nothing, and is
// for one packing at a time. The zero value is ready to use.
type Memory struct {
	pouring pouring
	cover   covering
}
