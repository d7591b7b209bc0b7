package karpenter

import "github.com/ullage-sh/ullage/cluster"

// balance is the policy Balanced: of all that a pool's nodes cost, the part that is saved
// has to be at least half of the part of all disruption that it takes.
func (s *poolState) balance(saving cluster.Money, burden int64) bool {
	if s.price <= 0 || s.burden <= 0 {
		return false
	}
	return 2*float64(saving)/float64(s.price) >= float64(burden)/float64(s.burden)
}

// approves tells whether the pools of a command's nodes find it worth its disruption.
// What it saves over several pools is shared out by what their nodes cost.
func (p *pass) approves(c *Command) bool {
	all := cluster.Money(0)
	prices, burdens := map[string]cluster.Money{}, map[string]int64{}
	for _, x := range c.candidates {
		all += x.price
		prices[x.pool.Name] += x.price
		burdens[x.pool.Name] += x.burden
	}
	for _, x := range c.candidates {
		if x.pool.Policy != cluster.Balanced || all <= 0 {
			continue
		}
		name := x.pool.Name
		part := cluster.Money(float64(c.Action.Saving) * float64(prices[name]) / float64(all))
		if !p.pools[name].balance(part, burdens[name]) {
			return false
		}
	}
	return true
}

// mightPass tells whether a candidate would be approved of if nothing had to be bought.
func (p *pass) mightPass(x *candidate) bool {
	return x.pool.Policy != cluster.Balanced || p.pools[x.pool.Name].balance(x.price, x.burden)
}
