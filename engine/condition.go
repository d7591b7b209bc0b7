package engine

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// conditions is a list of conditions that remembers whether it was changed.
type conditions struct {
	list    []cluster.Condition
	now     cluster.Instant
	changed bool
}

func (e *Engine) conditions(list []cluster.Condition) *conditions {
	return &conditions{list: slices.Clone(list), now: e.now}
}

// set makes the condition of that type read so. The time of the last transition
// moves only when the status does.
func (c *conditions) set(kind, status, reason, message string) {
	if reason == "" {
		reason = kind // the API requires one
	}
	for i, x := range c.list {
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
		c.list[i] = cluster.Condition{Type: kind, Status: status, Reason: reason, Message: message, Since: since}
		c.changed = true
		return
	}
	c.list = append(c.list, cluster.Condition{Type: kind, Status: status, Reason: reason, Message: message, Since: c.now})
	c.changed = true
}

// drop removes the condition of that type.
func (c *conditions) drop(kind string) {
	n := len(c.list)
	c.list = slices.DeleteFunc(c.list, func(x cluster.Condition) bool { return x.Type == kind })
	c.changed = c.changed || len(c.list) != n
}

func (c *conditions) get(kind string) cluster.Condition {
	for _, x := range c.list {
		if x.Type == kind {
			return x
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
