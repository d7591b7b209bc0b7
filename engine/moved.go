package engine

import "github.com/ullage-sh/ullage/cluster"

// moved says where pods of nodes that are about to go are meant to go. It can be lost.
type moved struct {
	to map[string]string // host (node or claim), by UID of a pod
	on map[string]int    // pods by host
}

func newMoved() moved { return moved{to: map[string]string{}, on: map[string]int{}} }

func (m *moved) set(uid, host string) {
	m.drop(uid)
	m.to[uid] = host
	m.on[host]++
}

func (m *moved) drop(uid string) {
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
