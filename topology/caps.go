package topology

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/pack"
)

// ruling is a cap on what one node may hold, in terms of classes: a node with a
// holder may have at most limit members in all.
type ruling struct {
	limit            int32
	holders, members pack.Set        // of classes
	there            []cluster.Count // members on hosts
}

// caps finds the rulings that constraints on single nodes amount to.
type caps struct {
	*assigner
	list  []ruling
	index map[string]int
}

// newCaps collects spreads and anti-affinity over the host name, and host ports.
func newCaps(a *assigner) *caps {
	k := &caps{assigner: a, index: map[string]int{}}
	for _, i := range a.special {
		c := &a.snap.Classes[i]
		if len(c.Refused) > 0 {
			continue
		}
		for j := range c.Demand.Spreads {
			s := &c.Demand.Spreads[j]
			if onNode(s.Key) && s.Counts() && !a.isLoose(i) {
				k.group(i, c.Spreads[j], s.MaxSkew)
			}
		}
		for j := range c.Demand.PodAntiAffinity {
			if !onNode(c.Demand.PodAntiAffinity[j].Key) {
				continue
			}
			limit := int32(0)
			if c.In(c.AntiAffinity[j]) {
				limit = 1
			}
			k.group(i, c.AntiAffinity[j], limit)
		}
		for _, s := range a.softsOf(i, cluster.LabelHostname) {
			if !s.near && a.alone(i, s.weight) {
				k.soft(i, c, s)
			}
		}
	}
	k.ports()
	if a.loose != nil {
		k.narrow()
	}
	k.list = slices.DeleteFunc(k.list, func(r ruling) bool { return r.members.Empty() })
	return k
}

// narrow keeps of each ruling those who are holders and members: whoever of them
// comes last to a node finds the others there.
func (k *caps) narrow() {
	for i := range k.list {
		r := &k.list[i]
		r.holders = meet(r.holders, r.members)
		r.members = r.holders
	}
}

// soft makes a class a holder of a cap that it prefers.
func (k *caps) soft(class int32, c *cluster.Class, s soft) {
	limit := s.skew
	if s.apart {
		limit = 0
		if c.In(s.group) {
			limit = 1
		}
	}
	k.group(class, s.group, limit)
}

// group makes a class a holder of a cap on the pods of a group.
func (k *caps) group(class, group, limit int32) {
	key := strconv.Itoa(int(group)) + "≤" + strconv.Itoa(int(limit))
	i, ok := k.index[key]
	if !ok {
		r := ruling{limit: limit, holders: pack.NewSet(len(k.snap.Classes)), members: pack.NewSet(len(k.snap.Classes)), there: k.snap.Groups[group].Hosts}
		for _, c := range k.special {
			if x := &k.snap.Classes[c]; len(x.Refused) == 0 && x.In(group) {
				r.members.Add(int(c))
			}
		}
		i = len(k.list)
		k.index[key] = i
		k.list = append(k.list, r)
	}
	k.list[i].holders.Add(int(class))
}

// ports makes rulings of host ports: of those who take a port on one address, or
// on all, a node may have one; who takes it on all has it alone.
func (k *caps) ports() {
	type port struct {
		protocol string
		number   int32
	}
	users := map[port]map[string][]int32{} // by address, "" for all of them
	var order []port
	for _, i := range k.special {
		c := &k.snap.Classes[i]
		for _, p := range c.Demand.Ports {
			if len(c.Refused) > 0 {
				continue
			}
			at, address := port{p.Protocol, p.Port}, p.IP
			if p.Any() {
				address = ""
			}
			if users[at] == nil {
				users[at] = map[string][]int32{}
				order = append(order, at)
			}
			users[at][address] = append(users[at][address], i)
		}
	}
	slices.SortFunc(order, func(p, q port) int {
		return cmp.Or(cmp.Compare(p.protocol, q.protocol), cmp.Compare(p.number, q.number))
	})
	for _, at := range order {
		k.port(users[at])
	}
}

func (k *caps) port(users map[string][]int32) {
	all := pack.NewSet(len(k.snap.Classes))
	addresses := make([]string, 0, len(users))
	for address, classes := range users {
		addresses = append(addresses, address)
		for _, c := range classes {
			all.Add(int(c))
		}
	}
	slices.Sort(addresses)
	for _, address := range addresses {
		r := ruling{limit: 1, holders: pack.NewSet(len(k.snap.Classes))}
		for _, c := range users[address] {
			r.holders.Add(int(c))
		}
		r.members = r.holders
		if address == "" {
			r.members = all
		}
		k.list = append(k.list, r)
	}
}

// hostsOut removes from places the hosts that constraints on single nodes rule out
// by what is there already.
func (a *assigner) hostsOut() {
	snap, classes := a.snap, a.classes
	repelled := map[int32]pack.Set{}
	for _, r := range snap.Repulsions {
		if !onNode(r.Key) {
			continue
		}
		set := repelled[r.Group]
		if set == nil {
			set = pack.NewSet(len(snap.Hosts))
			repelled[r.Group] = set
		}
		for _, h := range r.Hosts {
			if named(&snap.Hosts[h]) {
				set.Add(int(h))
			}
		}
	}
	taken := a.portsTaken()
	for _, i := range a.special {
		c, p := &snap.Classes[i], &classes[i].Places
		for _, g := range c.Groups {
			if set := repelled[g]; set != nil {
				p.Hosts = without(p.Hosts, set)
			}
		}
		for j := range c.Demand.Spreads {
			if s := &c.Demand.Spreads[j]; onNode(s.Key) && s.Counts() && !a.isLoose(i) {
				most := s.MaxSkew
				if c.In(c.Spreads[j]) {
					most--
				}
				p.Hosts = without(p.Hosts, fuller(snap, c.Spreads[j], most))
			}
		}
		for j := range c.Demand.PodAntiAffinity {
			if onNode(c.Demand.PodAntiAffinity[j].Key) {
				p.Hosts = without(p.Hosts, fuller(snap, c.AntiAffinity[j], 0))
			}
		}
		for _, want := range c.Demand.Ports {
			for _, t := range taken {
				if want.Conflicts(t.HostPort) {
					p.Hosts = without(p.Hosts, t.hosts)
				}
			}
		}
	}
}

func named(h *cluster.Host) bool {
	_, ok := h.Label(cluster.LabelHostname)
	return ok
}

// fuller returns the hosts that have a name and more than so many pods of a group.
func fuller(snap *cluster.Snapshot, group, pods int32) pack.Set {
	set := pack.NewSet(len(snap.Hosts))
	for _, n := range snap.Groups[group].Hosts {
		if n.Pods > pods && named(&snap.Hosts[n.Host]) {
			set.Add(int(n.Host))
		}
	}
	return set
}

// takenPort is a port that pods on some hosts have taken.
type takenPort struct {
	cluster.HostPort
	hosts pack.Set
}

// portsTaken looks at the pods on hosts if any that wait want a port.
func (a *assigner) portsTaken() []takenPort {
	snap, wanted := a.snap, false
	for _, i := range a.special {
		wanted = wanted || len(snap.Classes[i].Demand.Ports) > 0
	}
	if !wanted {
		return nil
	}
	index := map[cluster.HostPort]int{}
	var out []takenPort
	for h := range snap.Hosts {
		for _, pods := range [][]*cluster.Pod{snap.Hosts[h].Pods, snap.Hosts[h].Promised} {
			for _, p := range pods {
				for _, port := range p.Demand.Ports {
					i, ok := index[port]
					if !ok {
						i = len(out)
						index[port] = i
						out = append(out, takenPort{port, pack.NewSet(len(snap.Hosts))})
					}
					out[i].hosts.Add(h)
				}
			}
		}
	}
	return out
}
