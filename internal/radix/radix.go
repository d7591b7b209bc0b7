// Package radix owns sorting by whole numbers: of many things that have one, which is
// several times as fast as comparing them.
//
// It refuses to know what is sorted.
package radix

// Entry is something to be sorted.
type Entry[T any] struct {
	Key  uint64
	Item T
}

// few is how many things are sorted faster by inserting them one by one.
const few = 48

// Sort sorts by key. What has the same key keeps its order.
func Sort[T any](list []Entry[T]) {
	if len(list) <= few {
		insert(list)
		return
	}
	differ := uint64(0)
	for i := range list {
		differ |= list[i].Key ^ list[0].Key
	}
	from, to := list, make([]Entry[T], len(list))
	for shift := 0; shift < 64; shift += 8 { // the last digit first
		if differ>>shift&0xff != 0 {
			deal(to, from, shift)
			from, to = to, from
		}
	}
	if &from[0] != &list[0] {
		copy(list, from)
	}
}

// deal copies entries in the order of one digit of their keys.
func deal[T any](to, from []Entry[T], shift int) {
	var at [256]int32 // where the next with a digit goes
	for i := range from {
		at[byte(from[i].Key>>shift)]++
	}
	sum := int32(0)
	for d, n := range at {
		at[d] = sum
		sum += n
	}
	for i := range from {
		d := byte(from[i].Key >> shift)
		to[at[d]] = from[i]
		at[d]++
	}
}

func insert[T any](list []Entry[T]) {
	for i := 1; i < len(list); i++ {
		x := list[i]
		at := i
		for ; at > 0 && list[at-1].Key > x.Key; at-- {
			list[at] = list[at-1]
		}
		list[at] = x
	}
}
