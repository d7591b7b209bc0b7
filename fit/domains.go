package fit

import "slices"

// Domains appends to out the domains of a node that decide whether the class may be there as
// far as it matters where other pods are: what forbids one node for that reason forbids all
// that have these in common. They become more when pods come that keep others away.
func (v *View) Domains(node int, out []int32) []int32 {
	for _, s := range v.spreads {
		out = append(out, s.nodes[node])
	}
	for _, of := range [][]domains{v.apart, v.repelled, v.near} {
		for _, d := range of {
			out = append(out, d.nodes[node])
		}
	}
	return out
}

// Alike tells whether two nodes have them in common.
func (v *View) Alike(a, b int) bool {
	apart := func(d domains) bool { return d.nodes[a] != d.nodes[b] }
	return !slices.ContainsFunc(v.spreads, func(s *spread) bool { return s.nodes[a] != s.nodes[b] }) &&
		!slices.ContainsFunc(v.apart, apart) && !slices.ContainsFunc(v.repelled, apart) && !slices.ContainsFunc(v.near, apart)
}
