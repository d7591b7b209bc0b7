package sim

import (
	"strconv"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim/workload"
)

// buffer is one CapacityBuffer: what its chunks are and how many there are to be follows
// from what it refers to, as whoever watches both tells the engine.
type buffer struct {
	*workload.Buffer
	chunks int
	of     *owner // nil if there is none, or it has a template of its own
}

// enterBuffers enters the buffers and what will change about them. The workloads are there.
func (c *control) enterBuffers() {
	for _, x := range c.w.Buffers {
		b := &buffer{Buffer: x, chunks: x.Chunks}
		for _, o := range c.owners {
			if o.Namespace == x.Namespace && o.Name == x.Of {
				b.of = o
				o.buffers = append(o.buffers, b)
			}
		}
		r := c.record(b)
		_, _ = c.w.store.Buffers.Create(x.ID(), &r) // names are distinct
		for _, ch := range x.Changes {
			c.w.at(c.w.Start.Add(ch.At), func() {
				c.w.record("resized", x.ID(), strconv.Itoa(ch.Chunks))
				c.w.outside()
				b.chunks = ch.Chunks
				c.follow(b)
			})
		}
	}
}

// follow writes what has become of a buffer.
func (c *control) follow(b *buffer) {
	o := c.w.store.Buffers.Get(b.ID())
	if x := c.record(b); x.Chunks != o.Now.Chunks {
		x.UID, x.Generation, x.Status = o.Now.UID, o.Now.Generation+1, o.Now.Status
		c.w.store.Buffers.Set(o, &x)
	}
}

// record is what a buffer is by now, apart from its status.
func (c *control) record(b *buffer) cluster.CapacityBuffer {
	out := cluster.CapacityBuffer{Namespace: b.Namespace, Name: b.Name, Generation: 1}
	pod, replicas := b.Pod, 0
	switch {
	case b.of != nil:
		pod, replicas = &b.of.Pod, b.of.want
	case pod == nil:
		out.Problem = cluster.BufferProblem{Reason: cluster.ScalableRefNotFound, Message: "there is no workload " + b.Of + " in namespace " + b.Namespace}
		return out
	default:
		out.Template, out.TemplateGeneration = b.Name, 1
	}
	out.Demand, out.Identity = pod.Demand, c.identities.Intern(b.Namespace, pod.Labels)
	out.Chunks = int32(b.Wants(b.chunks, replicas))
	return out
}
