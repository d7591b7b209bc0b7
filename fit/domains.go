package fit

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
