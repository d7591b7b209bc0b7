package solve

import (
	"fmt"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/pack"
	"github.com/ullage-sh/ullage/topology"
)

// constrained tells whether packing has been given more to hold to than every plan
// must: pods were dealt out to domains, or could share what packing counts twice.
func (p *problem) constrained() bool {
	for i, id := range p.profile {
		if id < 0 || p.snap.Classes[i].Plain && len(p.profiles[id].preferred) == 0 {
			continue
		}
		c := &p.snap.Classes[i]
		d := c.Demand
		hard := len(d.Spreads)+len(d.PodAffinity)+len(d.PodAntiAffinity)+len(d.Ports)+len(c.Volumes) > 0
		if hard || !p.relaxed[i] && p.prefers(i) {
			return true
		}
	}
	return len(p.snap.Repulsions) > 0
}

// proof shows what new nodes for all that has a place must cost, in any plan that
// keeps the constraints. It is about a problem of packing: what was packed where that
// is no more than every plan must do, else its relaxation.
func (a *answer) proof() (*pack.Problem, *pack.Proof) {
	if a.packed.Proof != nil && !a.shrunk && len(a.late) == 0 {
		return &a.packing, a.packed.Proof
	}
	r := a.relaxation()
	return &r.packing, pack.Prove(&r.packing, r.standing, pack.Options{Steps: max(a.opt.Steps, 0)})
}

// relaxation is what every plan for the pods that have a place must hold, as a
// problem of packing.
type relaxation struct {
	problem
	*topology.Relaxation
	standing pack.Standing
}

// relaxation relaxes the problem until this plan is a solution of it: pods that came
// late need not keep spreads over domains that nobody has bought.
func (a *answer) relaxation() *relaxation {
	r := &relaxation{problem: *a.problem}
	r.snap = a.unshared()
	c := census{answer: a, like: r.like(), placed: make([]int32, len(a.snap.Classes)), at: make([][]standing, len(a.snap.Classes))}
	c.count()
	loose := make([]topology.Loose, len(a.snap.Classes))
	for again := true; again; {
		r.Relaxation = topology.Relax(r.snap, a.classes(false), c.placed, loose)
		again = false
		for _, class := range c.wrong(r.Relaxation) {
			if loose[class] < topology.Unknown {
				loose[class]++
				again = true
			}
		}
	}
	r.split = &topology.Split{Places: r.Places, Items: r.Items, Dims: r.Dims}
	r.request, r.packing, r.hostOf, r.offerOf = nil, pack.Problem{}, nil, nil
	for i := range r.Items {
		r.request = r.appendRow(r.request, r.Items[i].Size)
	}
	r.pools = slices.Clone(a.pools)
	for i := range r.pools { // what minValues ask for depends on who shares a node
		r.pools[i].keys, r.pools[i].demanded = nil, nil
	}
	r.layOut()
	r.freeNameless()
	r.standing = c.standing(r.Relaxation)
	return r
}

// unshared is the snapshot without the attachments of volumes that pods may share.
func (a *answer) unshared() *cluster.Snapshot {
	out := *a.snap
	out.Classes = slices.Clone(out.Classes)
	for i := range out.Classes {
		c := &out.Classes[i]
		c.Requests = slices.Clone(c.Requests)
		for _, v := range c.Volumes {
			if at := slices.Index(out.Resources, cluster.AttachLimit+v.Driver); at >= 0 && v.Driver != "" && v.ID != "" {
				c.Requests[at]--
			}
		}
	}
	return &out
}

// like returns for each class the first one whose pods are like its own but for their
// volumes, such as those of one StatefulSet: together they are forced into domains that
// none of them is forced into alone.
func (r *relaxation) like() []int32 {
	out, first := make([]int32, len(r.snap.Classes)), map[string]int32{}
	for i := range out {
		out[i] = int32(i)
		c := &r.snap.Classes[i]
		if len(c.Volumes) == 0 || len(c.Claims) > 0 {
			continue
		}
		d := *c.Demand
		d.Volumes = nil
		d.SetKey()
		key := fmt.Sprint(d.Key, c.Groups, c.References, c.Requests, r.profile[i], r.relaxed[i])
		if at, ok := first[key]; ok {
			out[i] = at
		} else {
			first[key] = int32(i)
		}
	}
	return out
}

// freeNameless lifts the caps from hosts without a host name: they are no domain.
func (r *relaxation) freeNameless() {
	for i, h := range r.hostOf {
		if _, named := r.snap.Hosts[h].Label(cluster.LabelHostname); named {
			continue
		}
		for d := range r.Dims {
			host := &r.packing.Hosts[i]
			host.Room = slices.DeleteFunc(host.Room, func(x pack.Amount) bool { return x.Dim == int32(len(r.dims)+d) })
			host.Room = append(host.Room, pack.Amount{Dim: int32(len(r.dims) + d), Value: 1 << 31})
		}
	}
}

// census is where the pods of each class are, those of classes alike counted for the
// first of them.
type census struct {
	*answer
	like   []int32
	placed []int32
	at     [][]standing
}

// standing is a number of pods of a class on a host or new node.
type standing struct {
	host, offering int32 // one of them −1
	tier, pods     int32
}

func (c *census) count() {
	note := func(parts []topology.Part, s standing) {
		for _, p := range parts {
			s.pods = p.Pods
			class := c.like[p.Class]
			c.placed[class] += p.Pods
			c.at[class] = append(c.at[class], s)
		}
	}
	for h, parts := range c.hosted {
		note(parts, standing{host: int32(h), offering: -1, tier: -1})
	}
	for i := range c.nodes {
		o := c.nodes[i].offering
		note(c.nodes[i].parts, standing{host: -1, offering: o, tier: c.pools[c.snap.Offerings[o].Pool].tier})
	}
}

// in tells whether it is among places.
func (s *standing) in(p *topology.Places) bool {
	if s.host >= 0 {
		return p.Hosts.Has(int(s.host))
	}
	return p.Offerings.Has(int(s.offering))
}

// wrong lists the classes whose pods this plan has where the relaxation does not
// allow them.
func (c *census) wrong(r *topology.Relaxation) []int32 {
	var out []int32
	for class, all := range c.at {
		if len(r.Shares[class]) > 0 && !c.allowed(r, r.Shares[class], all) {
			out = append(out, int32(class))
		}
	}
	return c.crowded(r, out)
}

func (c *census) allowed(r *topology.Relaxation, shares []topology.Share, all []standing) bool {
	missing := make([]int32, len(shares))
	for i, s := range shares {
		missing[i] = s.Pods
	}
	for _, s := range all {
		some := false
		for i := range shares {
			if s.in(&r.Places[r.Items[shares[i].Item].Places]) {
				some = true
				missing[i] -= s.pods
			}
		}
		if !some {
			return false
		}
	}
	for i, s := range shares {
		if s.Forced && missing[i] > 0 {
			return false
		}
	}
	return true
}

// crowded appends the classes that share nodes beyond what caps allow.
func (c *census) crowded(r *topology.Relaxation, out []int32) []int32 {
	if len(r.Dims) == 0 {
		return out
	}
	look := func(parts []topology.Part, room func(dim int32) int64) {
		load := map[int32]int64{}
		for _, p := range parts {
			if shares := r.Shares[c.like[p.Class]]; len(shares) > 0 {
				for _, x := range r.Items[shares[0].Item].Dims {
					load[x.Dim] += x.Value * int64(p.Pods)
				}
			}
		}
		for _, p := range parts {
			class := c.like[p.Class]
			shares := r.Shares[class]
			if len(shares) > 0 && !slices.Contains(out, class) && slices.ContainsFunc(r.Items[shares[0].Item].Dims, func(x pack.Amount) bool { return load[x.Dim] > room(x.Dim) }) {
				out = append(out, class)
			}
		}
	}
	for h, parts := range c.hosted {
		if _, named := c.snap.Hosts[h].Label(cluster.LabelHostname); !named {
			continue
		}
		look(parts, func(dim int32) int64 {
			d := &r.Dims[dim]
			i := slices.IndexFunc(d.There, func(n cluster.Count) bool { return n.Host == int32(h) })
			if i < 0 {
				return int64(d.Room)
			}
			return int64(d.Room - d.There[i].Pods)
		})
	}
	for i := range c.nodes {
		look(c.nodes[i].parts, func(dim int32) int64 { return int64(r.Dims[dim].Room) })
	}
	return out
}

// standing tells for each item how much of it is on hosts and the last tier that any
// of it is in: forced shares have first choice of those in the later tiers.
func (c *census) standing(r *topology.Relaxation) pack.Standing {
	out := pack.Standing{Hosted: make([]int32, len(r.Items)), Tier: make([]int32, len(r.Items))}
	for class, shares := range r.Shares {
		all := slices.Clone(c.at[class])
		slices.SortStableFunc(all, func(x, y standing) int { return int(y.tier - x.tier) })
		for _, s := range shares { // forced ones come first
			left := s.Pods
			for i := range all {
				if left == 0 {
					break
				}
				n := min(left, all[i].pods)
				if n == 0 || !all[i].in(&r.Places[r.Items[s.Item].Places]) {
					continue
				}
				all[i].pods -= n
				left -= n
				if all[i].host >= 0 {
					out.Hosted[s.Item] += n / s.Each
				}
				out.Tier[s.Item] = max(out.Tier[s.Item], all[i].tier)
			}
		}
	}
	return out
}
