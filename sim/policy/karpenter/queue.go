package karpenter

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// item is a pod that is to be placed.
type item struct {
	pod   *cluster.Pod
	class int32
}

// sortQueue puts the pods in order that ask for the most cpu, then memory; of those that
// ask for the same, the oldest.
func sortQueue(queue []item) {
	slices.SortFunc(queue, func(a, b item) int {
		x, y := a.pod.Demand.Requests, b.pod.Demand.Requests
		return cmp.Or(
			-cmp.Compare(x.Get(cluster.CPU), y.Get(cluster.CPU)),
			-cmp.Compare(x.Get(cluster.Memory), y.Get(cluster.Memory)),
			cmp.Compare(a.pod.Created.Whole(), b.pod.Created.Whole()),
			strings.Compare(a.pod.UID, b.pod.UID))
	})
}

// run places a queue, and returns the pods that fit nowhere. Those that did not fit are
// tried again as long as others still find places.
func (t *trial) run(queue []item) (left []item) {
	sortQueue(queue)
	length := map[*cluster.Pod]int{} // of the queue when the pod was put back
	for len(queue) > 0 {
		x := queue[0]
		if length[x.pod] == len(queue) {
			return queue
		}
		queue = queue[1:]
		if !t.place(x) {
			queue = append(queue, x)
			length[x.pod] = len(queue)
		}
	}
	return nil
}

// place finds a place for a pod, giving up its preferences one by one.
func (t *trial) place(x item) bool {
	c := &t.board.classes[x.class]
	for i := range c.variants {
		if t.add(x, c, &c.variants[i]) {
			return true
		}
	}
	return false
}
