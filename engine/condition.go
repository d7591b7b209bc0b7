package engine

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// conditions is a list of conditions that remembers whether it was changed.
type conditions struct {
	list    []cluster.Condition
	now     cluster.Instant
	changed bool // then the list is our own, else it is that of a record
}

func (e *Engine) conditions(list []cluster.Condition) *conditions {
	return &conditions{list: list, now: e.now}
}

// set makes the condition of that type read so. The time of the last transition
// moves only when the status does.
func (c *conditions) set(kind, status, reason, message string) {
	if reason == "" {
		reason = kind // the API requires one
	}
	for i := range c.list {
		x := &c.list[i]
		if x.Type != kind {
			continue
		}
		if x.Status == status && x.Reason == reason && x.Message == message {
			return
		}
		since := x.Since
		if x.Status != status {
			since = c.now
		}
		c.own()
		c.list[i] = cluster.Condition{Type: kind, Status: status, Reason: reason, Message: message, Since: since}
		return
	}
	c.own()
	c.list = append(c.list, cluster.Condition{Type: kind, Status: status, Reason: reason, Message: message, Since: c.now})
}

// own makes the list one that can be written.
func (c *conditions) own() {
	if !c.changed {
		c.list, c.changed = slices.Clone(c.list), true
	}
}

// drop removes the condition of that type.
func (c *conditions) drop(kind string) {
	is := func(x cluster.Condition) bool { return x.Type == kind }
	if slices.ContainsFunc(c.list, is) {
		c.own()
		c.list = slices.DeleteFunc(c.list, is)
	}
}

func (c *conditions) get(kind string) cluster.Condition {
	for i := range c.list {
		if c.list[i].Type == kind {
			return c.list[i]
		}
	}
	return cluster.Condition{Type: kind}
}

// summarize sets Ready from the conditions it depends on: False if any is, True
// if all are, Unknown otherwise.
func (c *conditions) summarize(on ...string) {
	for _, want := range []string{"False", "Unknown", ""} {
		for _, kind := range on {
			if x := c.get(kind); x.Status == want {
				status := want
				if status == "" {
					status = "Unknown"
				}
				c.set(cluster.ReadyCondition, status, "UnhealthyDependents", kind+"="+status)
				return
			}
		}
	}
	c.set(cluster.ReadyCondition, "True", cluster.ReadyCondition, "")
}
