package engine

import "github.com/ullage-sh/ullage/cluster"

// moved says where pods of nodes that are about to go are meant to go. It can be lost.
type moved struct {
	to map[string]string // host (node or claim), by UID of a pod
	on map[string]int    // pods by host
	// last are those, by UID, that go last though nothing is bought for them any more: others
	// like them have their places, and theirs.
	last map[string]bool
}

func newMoved() moved { return moved{map[string]string{}, map[string]int{}, map[string]bool{}} }

func (m *moved) set(uid, host string) {
	m.drop(uid)
	m.to[uid] = host
	m.on[host]++
}

// swap gives a pod the place of another that has taken its own. Its turn is what it was.
func (m *moved) swap(uid, host string) {
	m.set(uid, host)
	m.last[uid] = true
}

func (m *moved) drop(uid string) {
	delete(m.last, uid)
	host, ok := m.to[uid]
	if !ok {
		return
	}
	delete(m.to, uid)
	if m.on[host]--; m.on[host] == 0 {
		delete(m.on, host)
	}
}

// movedTo is how many pods are to move to a claim or its node.
func (e *Engine) movedTo(c *cluster.Claim, n *cluster.Node) int {
	count := e.disruptor.moved.on[c.Name]
	if n != nil && n.Name != c.Name {
		count += e.disruptor.moved.on[n.Name]
	}
	return count
}
