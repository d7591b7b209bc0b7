package cluster

import (
	"maps"
	"slices"
	"strings"
)

// addHosts joins nodes with their claims and puts the pods on them.
func (b *builder) addHosts() {
	b.indexTypes()
	claims := map[string]*Claim{} // by provider id
	for _, c := range b.in.Claims {
		if c.ProviderID != "" {
			claims[c.ProviderID] = c
		}
	}
	byNode := podsByNode(b.in.Pods)
	for _, n := range b.in.CSINodes {
		b.csiNodes[n.Name] = n
	}
	for _, a := range b.in.Attachments {
		b.attachments[a.Node] = append(b.attachments[a.Node], a)
	}
	for node, list := range b.attachments {
		b.attachments[node] = byName(list)
	}
	joined := map[*Claim]bool{}
	for _, n := range b.in.Nodes {
		var c *Claim
		if n.ProviderID != "" {
			c = claims[n.ProviderID]
		}
		joined[c] = true
		b.addHost(c, n, byNode[n.Name])
	}
	for _, c := range b.in.Claims {
		if !joined[c] {
			b.addHost(c, nil, nil)
		}
	}
	slices.SortFunc(b.out.Hosts, func(x, y Host) int { return strings.Compare(x.Name, y.Name) })
	for i := range b.out.Pools {
		p := &b.out.Pools[i]
		p.Used = p.Used.Plus(Resources{{NodesLimit, p.Nodes}})
	}
}

// countZones counts the hosts of each pool by zone.
func (b *builder) countZones() {
	for i := range b.out.Hosts {
		h := &b.out.Hosts[i]
		zone, ok := h.Labels[LabelZone]
		if !ok || h.Pool < 0 {
			continue
		}
		p := &b.out.Pools[h.Pool]
		if p.Zones == nil {
			p.Zones = map[string]int64{}
		}
		p.Zones[zone]++
	}
}

// addHost adds one host. At least one of claim and node is given.
func (b *builder) addHost(c *Claim, n *Node, pods []*Pod) {
	h := Host{Pool: -1}
	if n != nil {
		h.Name = n.Name
	} else {
		h.Name = c.Name
	}
	if b.rebuild(c, n, h.Name, pods) {
		return
	}
	b.waits = nil
	pods = ordered(pods)
	var typ *InstanceType
	var offering OfferingID
	if c != nil {
		typ, offering = b.offeringOf(c)
		h.Claim = c.Name
		if i, ok := b.pools[c.Pool]; ok {
			h.Pool = i
		}
	} else {
		h.Pool = b.groupOf(n)
	}
	var capacity, allocatable Resources
	switch {
	case n == nil:
		b.expect(&h, c, typ, offering)
		capacity, allocatable = c.Capacity, c.Allocatable
	case c != nil && !c.Is(Initialized):
		// What the claim promises counts until the node is initialized: a young
		// kubelet has not reported its extended resources, and carries taints that
		// will go away.
		b.expect(&h, c, typ, offering)
		for k, v := range n.Labels {
			h.Labels[k] = v
		}
		capacity, allocatable = n.Capacity.Max(c.Capacity), n.Allocatable.Max(c.Allocatable)
	default:
		h.Labels, h.Taints = n.Labels, WithoutCandidate(unreserved(n.Taints, c))
		capacity, allocatable = n.Capacity, n.Allocatable
	}
	if len(allocatable) == 0 && typ != nil {
		capacity, allocatable = typ.Capacity, typ.Allocatable
	}
	if n != nil && n.Unschedulable && !slices.Contains(h.Taints, CordonTaint) {
		h.Taints = slices.Concat(h.Taints, []Taint{CordonTaint})
	}
	var lifted []*Pod
	h.Pods, lifted = b.lift(h.Name, pods)
	h.Closed = closed(c, n, len(allocatable) == 0)
	leaving := beingEmptied(c, n) || b.in.Emptied[h.Name]
	if leaving {
		h.Closed = beingDeleted
	}
	h.Allocatable = b.vector(allocatable)
	b.limitAttachments(&h, n, typ)
	h.Free = slices.Clone(h.Allocatable)
	b.addDevices(&h)
	b.attach(&h, lifted, b.attachedTo(n))
	present := map[string]bool{}
	for _, p := range h.Pods {
		for _, a := range p.Demand.Requests {
			h.Free[b.component(a.Name)] -= a.Value
		}
		if p.Daemon() {
			present[p.Owner.UID] = true
		}
	}
	h.Free.Sub(b.daemonLoad(h.Label, h.Taints, present))
	h.Expected = b.daemonPorts(h.Label, h.Taints, present)
	b.price(&h, c)
	h.Price, _ = b.overlay(h.Label, h.Price)
	capacity = capacity.Max(b.largest(c))
	if leaving {
		for _, p := range h.Pods {
			if p.ComesBack() && !b.in.Staying[p.UID] && (c == nil || !c.WaitsFor(p)) {
				b.displace(p)
			}
		}
	}
	h.zone = h.Labels[LabelZone]
	b.put(h, b.site(c, n, pods, &h, capacity, leaving))
}

// lift takes off the pods of a host that would come back elsewhere, if it is one of those
// of [Input.Lifted].
func (b *builder) lift(host string, pods []*Pod) (stay, lifted []*Pod) {
	if !b.in.Lifted[host] {
		return pods, nil
	}
	for _, p := range pods {
		if p.ComesBack() {
			lifted = append(lifted, p)
			b.displace(p)
		} else {
			stay = append(stay, p)
		}
	}
	return stay, lifted
}

// displace notes that a pod will be made anew and then need a place.
func (b *builder) displace(p *Pod) {
	b.displaced = append(b.displaced, p)
	b.waits = append(b.waits, p)
	b.leaves[p] = true
}

// expect fills in what the node of a claim will look like.
func (b *builder) expect(h *Host, c *Claim, typ *InstanceType, id OfferingID) {
	h.InFlight, h.Taints = true, c.Taints
	h.Labels = Labels{}
	if typ != nil {
		for k, v := range typ.Labels {
			h.Labels[k] = v
		}
		h.Labels[LabelInstanceType], h.Labels[LabelZone], h.Labels[LabelCapacityType] = id.InstanceType, id.Zone, id.CapacityType
	}
	for k, v := range c.Labels {
		h.Labels[k] = v
	}
}

// offeringOf returns what a claim was bought as or, before it is launched, the
// offering it will be bought as if nothing is sold out.
func (b *builder) offeringOf(c *Claim) (*InstanceType, OfferingID) {
	id := OfferingID{c.Labels[LabelInstanceType], c.Labels[LabelZone], c.Labels[LabelCapacityType]}
	if id.InstanceType == "" && c.Launch != nil && len(c.Launch.Offerings) > 0 {
		id = c.Launch.Offerings[0]
	}
	return b.sold[c.Class][id.InstanceType], id
}

// largest is the most that a claim may take of its pool's limits as long as it is not known
// which of its offerings it becomes; nil for one that has been launched.
func (b *builder) largest(c *Claim) Resources {
	var most Resources
	if c == nil || c.Launch == nil || c.ProviderID != "" || len(c.Capacity) > 0 {
		return nil
	}
	for _, id := range c.Launch.Offerings {
		if typ := b.sold[c.Class][id.InstanceType]; typ != nil {
			most = most.Max(typ.Capacity)
		}
	}
	return most
}

// price finds what a host costs. A node that nobody bought here has a price too, if
// some class sells its type: on demand, unless its labels say spot.
func (b *builder) price(h *Host, c *Claim) {
	id := OfferingID{h.Labels[LabelInstanceType], h.Labels[LabelZone], h.Labels[LabelCapacityType]}
	if c != nil {
		h.Price, h.Imputed, _ = b.sold[c.Class][id.InstanceType].price(id)
		return
	}
	if id.CapacityType == "" {
		id.CapacityType = OnDemand
		if h.Labels[labelGroupCapacityType] == "SPOT" {
			id.CapacityType = Spot
		}
	}
	for _, class := range b.classes {
		var ok bool
		if h.Price, h.Imputed, ok = b.sold[class][id.InstanceType].price(id); ok {
			return
		}
	}
}

// indexTypes makes it quick to find the types of hosts.
func (b *builder) indexTypes() {
	if len(b.in.Nodes)+len(b.in.Claims) == 0 {
		return
	}
	b.classes = slices.SortedFunc(maps.Keys(b.in.Types), func(x, y ClassRef) int { return strings.Compare(x.String(), y.String()) })
	b.sold = map[ClassRef]map[string]*InstanceType{}
	for class, types := range b.in.Types {
		index := make(map[string]*InstanceType, len(types))
		for i := len(types) - 1; i >= 0; i-- { // of two, the first
			index[types[i].Name] = &types[i]
		}
		b.sold[class] = index
	}
}

// labelGroupCapacityType is how EKS says what a node of a node group was bought as.
const labelGroupCapacityType = "eks.amazonaws.com/capacityType"

// beingDeleted is why nothing is added to a host that is on its way out.
const beingDeleted = "being deleted"

// closed says why nothing may be added to a host.
func closed(c *Claim, n *Node, unknown bool) string {
	switch {
	case n != nil && !n.Ready && (c == nil || c.Is(Initialized)):
		return "not ready"
	case unknown:
		return "size unknown"
	}
	return ""
}

func beingEmptied(c *Claim, n *Node) bool {
	return (c != nil && c.Deleting()) || (n != nil && n.DeletingAt != 0)
}

// ComesBack tells whether a pod that is evicted will be recreated and then need
// a place.
func (p *Pod) ComesBack() bool {
	return p.Owner.Kind != "" && !p.Daemon() && !p.Mirror && !p.Deleting()
}

// Label is the [Lookup] of the host's labels and of its name.
func (h *Host) Label(key string) (value string, present bool) {
	switch {
	case key == FieldName:
		return h.Name, true
	case key == LabelZone && h.zone != "":
		return h.zone, true
	}
	return h.Labels.Get(key)
}
