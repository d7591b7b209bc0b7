package pack_test

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ullage-sh/ullage/pack"
)

// checkPacking checks a packing against its problem. It works everything out anew,
// with none of the packer's code, and returns all that is wrong.
func checkPacking(p *pack.Problem, out *pack.Packing) error {
	c := packingChecker{p: p, left: make([]int64, len(p.Items)), quotas: slices.Clone(p.Quotas)}
	for i := range p.Items {
		c.left[i] = int64(p.Items[i].Count)
	}
	onHost := map[int32][]pack.Take{}
	for _, x := range out.Placed {
		onHost[x.Host] = append(onHost[x.Host], x.Take)
		c.left[x.Item] -= int64(x.Count)
	}
	for h, takes := range onHost {
		if err := holdsOn(p, p.Hosts[h].Room, p.Hosts[h].Kind, p.Hosts[h].Holds, takes); err != nil {
			c.failf("host %d: %w", h, err)
		}
	}
	objective := int64(0)
	for i, b := range out.Bought {
		objective += int64(b.Copies) * (p.Shapes[b.Shape].Price + p.NodeCharge)
		c.bought(i, b)
	}
	for i, n := range c.left {
		if n != int64(out.Left[i]) || n < 0 {
			c.failf("%d of item %d are left, the packing says %d", n, i, out.Left[i])
		}
	}
	if objective != out.Objective {
		c.failf("prices and charges sum up to %d, the packing says %d", objective, out.Objective)
	}
	if out.Bound > out.Objective || out.Bound < 0 {
		c.failf("bound %d, objective %d", out.Bound, out.Objective)
	}
	c.nothingMoreFits(out, onHost)
	return errors.Join(c.wrong...)
}

type packingChecker struct {
	p      *pack.Problem
	wrong  []error
	left   []int64
	quotas []int64
}

func (c *packingChecker) failf(format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Errorf(format, args...))
}

func (c *packingChecker) bought(i int, b pack.Purchase) {
	s := &c.p.Shapes[b.Shape]
	if b.Copies <= 0 || len(b.Takes) == 0 {
		c.failf("purchase %d: %d copies of %v", i, b.Copies, b.Takes)
	}
	if err := holdsOn(c.p, s.Room, s.Kind, nil, b.Takes); err != nil {
		c.failf("purchase %d of shape %d: %w", i, b.Shape, err)
	}
	if s.Variety != nil && !leavesVariety(c.p, s.Variety, b.Takes) {
		c.failf("purchase %d of shape %d leaves too few alternatives", i, b.Shape)
	}
	for _, u := range s.Uses {
		if was := c.quotas[u.Quota]; was < 0 || was < int64(b.Copies)*u.Amount {
			c.failf("purchase %d of shape %d: quota %d has only %d left", i, b.Shape, u.Quota, was)
		}
		c.quotas[u.Quota] -= int64(b.Copies) * u.Amount
	}
	for _, t := range b.Takes {
		c.left[t.Item] -= int64(t.Count) * int64(b.Copies)
	}
}

// nothingMoreFits: what is left has no room on hosts, on what is bought, or on
// what could be bought.
func (c *packingChecker) nothingMoreFits(out *pack.Packing, onHost map[int32][]pack.Take) {
	for i, n := range c.left {
		if n <= 0 {
			continue
		}
		one := pack.Take{Item: int32(i), Count: 1}
		for h := range c.p.Hosts {
			x := &c.p.Hosts[h]
			if holdsOn(c.p, x.Room, x.Kind, x.Holds, append(slices.Clone(onHost[int32(h)]), one)) == nil {
				c.failf("item %d is left and fits on host %d", i, h)
			}
		}
		for j, b := range out.Bought {
			s, all := &c.p.Shapes[b.Shape], append(slices.Clone(b.Takes), one)
			if holdsOn(c.p, s.Room, s.Kind, nil, all) == nil && (s.Variety == nil || leavesVariety(c.p, s.Variety, all)) {
				c.failf("item %d is left and fits on purchase %d", i, j)
			}
		}
		for j := range c.p.Shapes {
			s := &c.p.Shapes[j]
			short := slices.ContainsFunc(s.Uses, func(u pack.Use) bool { return c.quotas[u.Quota] < 0 || c.quotas[u.Quota] < u.Amount })
			if !short && holdsOn(c.p, s.Room, s.Kind, nil, []pack.Take{one}) == nil && (s.Variety == nil || leavesVariety(c.p, s.Variety, []pack.Take{one})) {
				c.failf("item %d is left and shape %d could be bought for it", i, j)
			}
		}
	}
}

// holdsOn says why a place cannot hold takes, nil if it can.
func holdsOn(p *pack.Problem, room []pack.Amount, kind int32, held []pack.Held, takes []pack.Take) error {
	free := slices.Clone(p.Room)
	for _, a := range room {
		free[a.Dim] = a.Value
	}
	holders, members := make([]bool, len(p.Rules)), make([]int64, len(p.Rules))
	for _, x := range held {
		holders[x.Rule], members[x.Rule] = x.Holder, int64(x.Members)
	}
	touched := make([]bool, len(p.Rules))
	for _, t := range takes {
		x := &p.Items[t.Item]
		if t.Count <= 0 {
			return fmt.Errorf("%d of item %d", t.Count, t.Item)
		}
		if !p.Admits[kind].Has(int(x.Profile)) {
			return fmt.Errorf("item %d is not admitted", t.Item)
		}
		for _, a := range x.Size {
			if free[a.Dim] -= a.Value * int64(t.Count); free[a.Dim] < 0 {
				return fmt.Errorf("dimension %d is overcommitted by item %d", a.Dim, t.Item)
			}
		}
		for r := range p.Rules {
			if p.Rules[r].Holders.Has(int(t.Item)) {
				holders[r], touched[r] = true, true
			}
			if p.Rules[r].Members.Has(int(t.Item)) {
				members[r] += int64(t.Count)
				touched[r] = true
			}
		}
	}
	for r := range p.Rules {
		if touched[r] && holders[r] && members[r] > int64(p.Rules[r].Cap) {
			return fmt.Errorf("rule %d is broken: %d members, at most %d", r, members[r], p.Rules[r].Cap)
		}
	}
	return nil
}

// leavesVariety tells whether enough alternatives hold takes.
func leavesVariety(p *pack.Problem, v *pack.Variety, takes []pack.Take) bool {
	for key, least := range v.Least {
		values := map[int32]bool{}
		for _, a := range v.Alternatives {
			if a.Values[key] >= 0 && holdsAlone(p, a, takes) {
				values[a.Values[key]] = true
			}
		}
		if len(values) < int(least) {
			return false
		}
	}
	return true
}

// holdsAlone is holdsOn without rules: an alternative differs in room and kind.
func holdsAlone(p *pack.Problem, a pack.Alternative, takes []pack.Take) bool {
	q := *p
	q.Rules = nil
	return holdsOn(&q, a.Room, a.Kind, nil, takes) == nil
}
