package pack

// Memory is what one packing leaves to the next: room to work in, and what problems were packed
// as. It decides nothing, and is for one packing at a time. The zero value is ready to use.
type Memory struct {
	pouring pouring
	cover   covering
	known   known
}
