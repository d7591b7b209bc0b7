package solve

// rehearse lets the late pods come once more, now that all nodes are there: one that
// was bought for one of them may be a domain that those before it did not reckon
// with. Who does not get in any more is left over again. It tells whether there were
// any.
func (a *answer) rehearse() (some bool) {
	for a.repeat() {
		a.renumber()
		some = true
	}
	return some
}

// repeat takes the late pods out and lets them come back in their order. It tells
// whether some did not.
func (a *answer) repeat() bool {
	w := a.view()
	for i := len(a.late) - 1; i >= 0; i-- {
		w.Remove(int(a.late[i].class), int(a.late[i].at))
	}
	back := a.late[:0:0]
	for _, l := range a.late {
		if w.View(int(l.class)).Node(int(l.at)) == 0 {
			w.Place(int(l.class), int(l.at), 1)
			back = append(back, l)
		} else {
			a.takeBack(int(l.at), l.class)
		}
	}
	some := len(back) < len(a.late)
	a.late = back
	return some
}

// renumber leaves out nodes on which nobody is any more, and counts those of the
// late pods anew.
func (a *answer) renumber() {
	gone := make([]int32, len(a.nodes)+1) // nodes left out before each
	for i := range a.nodes {
		gone[i+1] = gone[i]
		if len(a.nodes[i].parts) == 0 {
			gone[i+1]++
		}
	}
	if gone[len(a.nodes)] == 0 {
		return
	}
	for i := range a.late {
		if at := int(a.late[i].at) - len(a.snap.Hosts); at >= 0 {
			a.late[i].at -= gone[at]
		}
	}
	a.dropEmpty()
}
