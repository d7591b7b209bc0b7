package sim

import (
	"errors"
	"fmt"
	"io"

	"github.com/ullage-sh/ullage/sim/store"
	"github.com/ullage-sh/ullage/sim/workload"
)

// replay submits the pods of a trace as their time comes, one after the other: only
// the next is held.
func (c *control) replay(src workload.Source) {
	o := &owner{
		Workload: &workload.Workload{Namespace: "trace", Name: "trace", Kind: workload.Job}, uid: "owner-trace", kind: "Job",
		pods: map[*store.Pod]bool{},
	}
	c.owners = append(c.owners, o)
	c.rename(o)
	c.nextArrival(o, src)
}

func (c *control) nextArrival(o *owner, src workload.Source) {
	a, err := src.Next()
	if errors.Is(err, io.EOF) {
		return
	}
	if err != nil {
		c.w.err = fmt.Errorf("reading the trace: %w", err)
		return
	}
	c.w.at(c.w.Start.Add(a.At), func() {
		c.w.outside()
		c.submit(o, &life{pod: a.Pod, runs: a.Runs})
		c.nextArrival(o, src)
	})
}

// submit creates one pod of a trace.
func (c *control) submit(o *owner, l *life) {
	if l.pod.Labels != nil {
		o.identity = c.identities.Intern(o.Namespace, l.pod.Labels)
	}
	c.make(o, l, c.podName(o))
}

// again submits a pod of a trace once more that was lost before it had finished: what
// it had done is lost with it.
func (c *control) again(l *life) {
	c.w.after(c.w.Pace.Control.draw(c.pace), func() { c.submit(l.owner, &life{pod: l.pod, runs: l.runs}) })
}
