package cluster

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// devices is who has and who could have devices. Each distinct request of a claim (a
// class and selectors) is a resource, of which a node has as many as devices match.
// Where devices match several requests, a request counts against all of them: so
// there are enough whichever of them the scheduler takes. That is exact unless some,
// but not all, devices of a node that match one request match another. It does not
// change once made.
type devices struct {
	claims   map[string]*ResourceClaim // by namespace/name
	classes  map[string]*DeviceClass
	taken    map[DeviceID]bool
	requests map[string]*DeviceRequest // by name
	names    []string                  // of them, sorted
	wrong    map[string]string         // those that cannot be evaluated, and why
	overlaps [][]bool                  // of two requests: some device matches both
	onNode   map[string][]nodeDevice
	unready  map[string]bool   // nodes with a pool that is not complete
	types    map[string]string // a node of each instance type that shows its devices
}

// nodeDevice is a device of a node and the requests that it matches.
type nodeDevice struct {
	id      DeviceID
	device  *Device
	matches []bool // by index in names
}

// usable tells whether it can be planned with, on its node or a new one.
func (x *nodeDevice) usable(fresh bool) bool {
	return x.device.Unusable == "" && (fresh || !x.device.Tainted)
}

// newDevices looks at claims and slices.
func newDevices(in *Input) *devices {
	d := &devices{
		claims: map[string]*ResourceClaim{}, classes: map[string]*DeviceClass{}, taken: map[DeviceID]bool{},
		requests: map[string]*DeviceRequest{}, wrong: map[string]string{},
		onNode: map[string][]nodeDevice{}, unready: map[string]bool{}, types: map[string]string{},
	}
	for _, c := range in.ResourceClaims {
		d.claims[c.Namespace+"/"+c.Name] = c
		for _, id := range c.Devices {
			d.taken[id] = true
		}
		for i := range c.Requests {
			d.requests[c.Requests[i].name()] = &c.Requests[i]
		}
	}
	for _, c := range in.DeviceClasses {
		d.classes[c.Name] = c
	}
	if d.names = slices.Sorted(maps.Keys(d.requests)); len(d.names) > 0 {
		d.match(in)
	}
	return d
}

// match finds which devices of nodes match which requests.
func (d *devices) match(in *Input) {
	d.overlaps = make([][]bool, len(d.names))
	for i := range d.overlaps {
		d.overlaps[i] = make([]bool, len(d.names))
		d.overlaps[i][i] = true
	}
	for _, s := range d.completeSlices(in.ResourceSlices) {
		for i := range s.Devices {
			x := nodeDevice{DeviceID{s.Driver, s.Pool, s.Devices[i].Name}, &s.Devices[i], make([]bool, len(d.names))}
			for r, name := range d.names {
				x.matches[r] = d.matching(name, s.Driver, &s.Devices[i])
			}
			for r := range d.names {
				for q := range d.names {
					d.overlaps[r][q] = d.overlaps[r][q] || x.matches[r] && x.matches[q]
				}
			}
			d.onNode[s.Node] = append(d.onNode[s.Node], x)
		}
	}
	d.showTypes(in)
}

// showTypes finds for each instance type the first of the nodes of that type that
// have been initialized and show devices: what new ones of the type will have.
func (d *devices) showTypes(in *Input) {
	settled := map[string]bool{}
	for _, c := range in.Claims {
		settled[c.ProviderID] = c.Is(Initialized)
	}
	for _, n := range in.Nodes {
		t := n.Labels[LabelInstanceType]
		young := false
		if done, ours := settled[n.ProviderID]; ours && n.ProviderID != "" {
			young = !done
		}
		if t != "" && !young && len(d.onNode[n.Name]) > 0 && !d.unready[n.Name] && (d.types[t] == "" || n.Name < d.types[t]) {
			d.types[t] = n.Name
		}
	}
}

// matching tells whether a request could have a device.
func (d *devices) matching(request, driver string, x *Device) bool {
	r := d.requests[request]
	class := d.classes[r.Class]
	if class == nil {
		return false
	}
	for _, list := range [][]DeviceSelector{class.Selectors, r.Selectors} {
		for _, s := range list {
			ok, err := s.Matches(driver, x)
			if err != nil {
				d.wrong[request] = "selector " + strconv.Quote(s.Expression) + ": " + err.Error()
			}
			if !ok || err != nil {
				return false
			}
		}
	}
	return true
}

// completeSlices are the slices on nodes whose pools are complete, of the newest
// generation only and without devices that are there twice, sorted by name. It notes
// the nodes that have others.
func (d *devices) completeSlices(all []*ResourceSlice) []*ResourceSlice {
	type pool struct{ node, driver, name string }
	newest, number, names := map[pool]int64{}, map[pool]int64{}, map[pool]map[string]bool{}
	of := func(s *ResourceSlice) pool { return pool{s.Node, s.Driver, s.Pool} }
	for _, s := range all {
		newest[of(s)] = max(newest[of(s)], s.Generation)
	}
	var out []*ResourceSlice
	for _, s := range all {
		if s.Node == "" || s.Generation != newest[of(s)] {
			continue
		}
		number[of(s)]++
		out = append(out, s)
		if names[of(s)] == nil {
			names[of(s)] = map[string]bool{}
		}
		for i := range s.Devices {
			if names[of(s)][s.Devices[i].Name] {
				number[of(s)] = -1 << 32 // not valid
			}
			names[of(s)][s.Devices[i].Name] = true
		}
	}
	out = slices.DeleteFunc(out, func(s *ResourceSlice) bool {
		broken := number[of(s)] != s.Slices
		d.unready[s.Node] = d.unready[s.Node] || broken
		return broken
	})
	slices.SortFunc(out, func(x, y *ResourceSlice) int { return strings.Compare(x.Name, y.Name) })
	return out
}

// podClaims is what the claims of a pod come to. It is interned by its text.
type podClaims struct {
	key     string
	claims  []ClassClaim // without their asks
	asks    [][]*DeviceRequest
	refused []string
}

func (c *podClaims) text() string {
	if c == nil {
		return ""
	}
	return c.key
}

// claimers looks up what waiting pods claim of devices, all of them considered.
type claimers struct {
	*devices
	users map[string]int // of each claim
	byKey map[string]*podClaims
}

func newClaimers(d *devices, waiting []*Pod) *claimers {
	c := &claimers{devices: d, users: map[string]int{}, byKey: map[string]*podClaims{}}
	if len(d.claims) == 0 {
		return c
	}
	for _, p := range waiting {
		for _, name := range p.Claims {
			c.users[p.Namespace+"/"+name]++
		}
	}
	return c
}

// of returns what the claims of a waiting pod come to. Claims that were made for a
// pod that leaves its host will be made anew.
func (d *claimers) of(p *Pod) *podClaims {
	leaves := p.Node != ""
	out := &podClaims{}
	for _, name := range p.Claims {
		if name == "" {
			continue
		}
		c := d.claims[p.Namespace+"/"+name]
		if why := d.unusable(c, name, p); why != "" {
			out.refused = append(out.refused, why)
			continue
		}
		x := ClassClaim{}
		var asks []*DeviceRequest
		if c.Allocated && (!leaves || c.MadeFor == "") {
			x.Nodes = c.Nodes
		} else {
			if d.users[p.Namespace+"/"+name] > 1 {
				x.ID = p.Namespace + "/" + name
			}
			for i := range c.Requests {
				asks = append(asks, &c.Requests[i])
			}
		}
		out.claims, out.asks = append(out.claims, x), append(out.asks, asks)
	}
	out.key = out.canonical()
	if known := d.byKey[out.key]; known != nil {
		return known
	}
	d.byKey[out.key] = out
	return out
}

// unusable says why a pod cannot use a claim of its, wherever it is put; "" if it can.
func (d *devices) unusable(c *ResourceClaim, name string, p *Pod) string {
	leaves := p.Node != ""
	what := "ResourceClaim " + p.Namespace + "/" + name
	switch {
	case name == NotMade:
		return "a ResourceClaim is yet to be made from its template"
	case c == nil:
		return what + " does not exist"
	case c.Deleting:
		return what + " is being deleted"
	case c.MadeFor != "" && c.MadeFor != p.UID:
		return what + " was made for another pod"
	case c.Allocated && len(c.Users) >= MaxUsers && !slices.Contains(c.Users, p.UID):
		return what + " is used by as many pods as can be"
	case c.Allocated && (!leaves || c.MadeFor == ""):
		return ""
	case len(c.Refused) > 0:
		return what + ": " + strings.Join(c.Refused, ", ")
	}
	sum := int64(0)
	for i := range c.Requests {
		r := &c.Requests[i]
		sum += max(r.Count, 1)
		if d.classes[r.Class] == nil {
			return what + ": there is no DeviceClass " + r.Class
		}
		if why := d.wrong[r.name()]; why != "" {
			return what + ": request " + r.Name + ": " + why
		}
	}
	if sum > maxDevices {
		return what + " asks for more than " + strconv.Itoa(maxDevices) + " devices"
	}
	return ""
}

func (c *podClaims) canonical() string {
	var b strings.Builder
	for i, x := range c.claims {
		b.WriteString("(" + strconv.Quote(x.ID))
		if x.Nodes != nil {
			b.WriteString("on")
			for _, t := range x.Nodes {
				b.WriteString(termKey(t))
			}
		}
		for _, r := range c.asks[i] {
			b.WriteString(strconv.FormatInt(r.Count, 10) + strconv.Quote(r.name()))
		}
		b.WriteString(")")
	}
	for _, r := range c.refused {
		b.WriteString(strconv.Quote(r))
	}
	return b.String()
}

// addTo fills in what a class asks of devices.
func (d *devices) addTo(c *Class, p *podClaims, index map[string]int) {
	if p == nil {
		return
	}
	own := c.own()
	own.Refused = slices.Concat(own.Refused, p.refused)
	for i, x := range p.claims {
		for _, r := range p.asks[i] {
			ask := DeviceAsk{index[r.name()], r.Count}
			x.Asks = append(x.Asks, ask)
			d.load(c.Requests, ask.Resource, r.Count, index)
		}
		own.Claims = append(own.Claims, x)
	}
}

// load adds count devices of a request to a vector, and to the requests that could
// have had the same ones.
func (d *devices) load(v Vector, resource int, count int64, index map[string]int) {
	for i, name := range d.names {
		if index[name] != resource {
			continue
		}
		for j, other := range d.names {
			if d.overlaps[i][j] {
				v[index[other]] += count
			}
		}
	}
}

// count fills in the devices of a node: what it has in all, or what is not taken. A
// fresh node is one that will be like it. Who wants all devices gets them only where
// each can be had.
func (d *devices) count(v Vector, node string, free, fresh bool, index map[string]int) {
	for i, name := range d.names {
		n, others, matched, whole := int64(0), false, false, fresh || !d.unready[node]
		for _, x := range d.onNode[node] {
			usable := x.usable(fresh)
			if x.matches[i] {
				matched, whole = true, whole && usable
				if usable && (!free || !d.taken[x.id]) {
					n++
				}
			}
			for j := range d.names {
				others = others || d.overlaps[i][j] && x.matches[j]
			}
		}
		switch {
		case others && !matched:
			n = noLimit
		case d.requests[name].Count == 0 && !whole:
			n = 0
		}
		v[index[name]] = n
	}
}

// overlapping are, for each component that counts devices, those that could be of the
// same ones.
func (d *devices) overlapping(index map[string]int) map[int][]int {
	out := map[int][]int{}
	for i, name := range d.names {
		for j, other := range d.names {
			if d.overlaps[i][j] {
				out[index[name]] = append(out[index[name]], index[other])
			}
		}
	}
	return out
}

// promisable tells whether a pod's devices can be kept for it, and adds them to what
// it wants.
func (d *claimers) promisable(p *Pod, want Vector, index map[string]int) bool {
	if len(p.Claims) == 0 {
		return true
	}
	c := Class{Requests: want, Particulars: &noParticulars}
	d.addTo(&c, d.of(p), index)
	return len(c.Refused) == 0 && c.Exact() && !slices.ContainsFunc(c.Claims, func(x ClassClaim) bool { return x.Nodes != nil })
}

// addDevices fills in the devices of a host. While it has not told of any, it is
// taken to have those of a node of its type.
func (b *builder) addDevices(h *Host) {
	if len(b.devices.names) == 0 {
		return
	}
	node, fresh := h.Name, false
	if len(b.devices.onNode[node]) == 0 && h.InFlight {
		node, fresh = b.devices.types[h.Labels[LabelInstanceType]], true
	}
	b.devices.count(h.Allocatable, node, false, fresh, b.index)
	b.devices.count(h.Free, node, !fresh, fresh, b.index)
}
