package cluster

import (
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"testing"
	"weak"

	"pgregory.net/rapid"
)

// edit changes some of the records of a cluster as events do: by others in their place.
func edit(t *rapid.T, in Input) Input {
	chance := func(label string) bool { return rapid.IntRange(0, 4).Draw(t, label) == 0 }
	in.Pods, in.Nodes, in.Claims = slices.Clone(in.Pods), slices.Clone(in.Nodes), slices.Clone(in.Claims)
	in.Lifted, in.Emptied = map[string]bool{}, map[string]bool{}
	for i, p := range in.Pods {
		if chance("pod") {
			now := *p
			now.Node = rapid.SampledFrom([]string{"", "n0", "n1", "n2"}).Draw(t, "moves to")
			if chance("ends") {
				now.Phase = Succeeded
			}
			in.Pods[i] = &now
		}
	}
	for i, n := range in.Nodes {
		if chance("node") {
			now := *n
			now.Ready = !now.Ready
			in.Nodes[i] = &now
		}
		in.Lifted[n.Name], in.Emptied[n.Name] = chance("lifted"), chance("emptied")
	}
	for i, c := range in.Claims {
		if chance("claim") {
			now := *c
			now.DeletingAt = 1
			in.Claims[i] = &now
		}
	}
	if len(in.Pods) > 0 && chance("pod gone") {
		in.Pods = in.Pods[1:]
	}
	if len(in.Nodes) > 0 && chance("node gone") {
		in.Nodes = in.Nodes[1:]
	}
	if chance("pool") {
		now := *in.Pools[0]
		now.Weight++
		in.Pools = slices.Clone(in.Pools)
		in.Pools[0] = &now
		slices.Reverse(in.Pools)
	}
	if chance("daemon") {
		in.Daemons = nil
	}
	if sold := in.Types[in.Pools[0].Class]; len(sold) > 0 && chance("sold out") {
		in.Types = map[ClassRef][]InstanceType{in.Pools[0].Class: slices.Clone(in.Types[in.Pools[0].Class][1:])}
	}
	if chance("limits") {
		in.CSINodes = append(slices.Clone(in.CSINodes), &CSINode{Name: "n0", Limits: NewResources(map[string]int64{AttachLimit + "disk": 2})})
	}
	if chance("attached") {
		in.Attachments = []*VolumeAttachment{{Name: "a", Node: rapid.SampledFrom([]string{"n1", "n4"}).Draw(t, "attached to"), Volume: "pv"}}
	}
	if claims := in.PersistentVolumeClaims; len(claims) > 0 && chance("claimed") {
		now := *claims[1]
		now.Volume = rapid.SampledFrom([]string{"", "pv", "none"}).Draw(t, "bound to")
		in.PersistentVolumeClaims = []*PersistentVolumeClaim{claims[0], &now, claims[2]}
	}
	if volumes := in.PersistentVolumes; len(volumes) > 0 && chance("volume") {
		now := *volumes[0]
		now.Handle = rapid.SampledFrom([]string{"", "h", "i"}).Draw(t, "handle")
		in.PersistentVolumes = []*PersistentVolume{&now}
	}
	return in
}

// What a ground takes over from the one before is what it would have worked out.
func TestNextIsNew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		g := NewGround(in)
		for range 3 {
			in = edit(t, in)
			g = g.Next(in)
			if got, want := g.Snapshot("7", nil, in.Promised), NewSnapshot(in); !reflect.DeepEqual(got, want) {
				want.Revision = "7"
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("after an edit:\n%+v\nnew:\n%+v", got, want)
				}
			}
		}
	})
}

// A ground that is amended is what would have been made of all records. Clusters are drawn
// without node groups, and in half of the steps nothing but hosts and storage changes.
func TestAmendedIsNew(t *testing.T) {
	amended := 0
	rapid.Check(t, func(t *rapid.T) {
		in := untied(drawInput(t))
		g := NewGround(bound(in))
		for range 4 {
			old := in
			if in = untied(edit(t, in)); rapid.Bool().Draw(t, "hosts only") {
				in.Pools, in.Daemons, in.Types = old.Pools, old.Daemons, old.Types
			}
			in = add(t, in)
			sites, gone := differences(t, old, in)
			rest := strays(in)
			next, ok := g.Amend(rest, sites, gone)
			if !ok {
				g = NewGround(bound(in))
				continue
			}
			amended++
			pods := slices.DeleteFunc(slices.Clone(in.Pods), func(p *Pod) bool { return p.Node != "" })
			for i := range 2 { // then one that Next makes out of it
				if i > 0 {
					next = next.Next(bound(in))
				}
				if got, want := next.Snapshot("", pods, in.Promised), NewSnapshot(in); !reflect.DeepEqual(got, want) {
					t.Fatalf("amended:\n%+v\nnew:\n%+v\n%s", got, want, different(got, want))
				}
				if i == 0 {
					g = next
				}
			}
		}
	})
	if amended < 100 {
		t.Errorf("%d grounds were amended: too few to tell", amended)
	}
}

// different names the parts in which two snapshots differ.
func different(x, y *Snapshot) (out []string) {
	a, b := reflect.ValueOf(*x), reflect.ValueOf(*y)
	for i := range a.NumField() {
		if !reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()) {
			out = append(out, fmt.Sprintf("%s: %+v, want %+v", a.Type().Field(i).Name, a.Field(i), b.Field(i)))
		}
	}
	return out
}

// untied leaves out of a cluster what grounds are not amended with.
func untied(in Input) Input {
	in.Lifted = nil
	in.Pools = slices.DeleteFunc(slices.Clone(in.Pools), func(p *Pool) bool { return p.Shape != Free })
	return in
}

// bound leaves out of a cluster the pods that have no node.
func bound(in Input) Input {
	in.Pods = slices.DeleteFunc(slices.Clone(in.Pods), func(p *Pod) bool { return p.Node == "" })
	return in
}

// strays leaves of a cluster what is of no host.
func strays(in Input) Input {
	there := map[string]bool{}
	for _, n := range in.Nodes {
		there[n.Name] = true
	}
	in.Pods = slices.DeleteFunc(slices.Clone(in.Pods), func(p *Pod) bool { return p.Node == "" || there[p.Node] })
	in.CSINodes = slices.DeleteFunc(slices.Clone(in.CSINodes), func(n *CSINode) bool { return there[n.Name] })
	in.Attachments = slices.DeleteFunc(slices.Clone(in.Attachments), func(a *VolumeAttachment) bool { return there[a.Node] })
	in.Nodes, in.Claims, in.Emptied = nil, nil, nil
	return in
}

// add adds nodes between the others.
func add(t *rapid.T, in Input) Input {
	for range rapid.IntRange(0, 3).Draw(t, "new nodes") {
		name := fmt.Sprint("n", rapid.IntRange(0, 40).Draw(t, "new node"))
		if !slices.ContainsFunc(in.Nodes, func(n *Node) bool { return n.Name == name }) {
			in.Nodes = append(slices.Clone(in.Nodes), &Node{Name: name, ProviderID: "of " + name, Ready: true, Allocatable: NewResources(map[string]int64{CPU: 1500, Pods: 10})})
		}
	}
	return in
}

// differences are the sites of hosts of a cluster that are not as they were, some that are,
// and the names of those that are gone.
func differences(t *rapid.T, old, now Input) (sites []Site, gone []string) {
	before, after := sitesOf(old), sitesOf(now)
	for name, s := range after {
		if was, there := before[name]; !there || !reflect.DeepEqual(was, s) || rapid.Bool().Draw(t, "also") {
			sites = append(sites, s)
		}
	}
	for name := range before {
		if _, there := after[name]; !there {
			gone = append(gone, name)
		}
	}
	return sites, gone
}

func sitesOf(in Input) map[string]Site {
	out := map[string]Site{}
	byNode, byProvider := podsByNode(in.Pods), map[string]*Claim{}
	for _, c := range in.Claims {
		byProvider[c.ProviderID] = c
		out[c.Name] = Site{Claim: c, Emptied: in.Emptied[c.Name]}
	}
	for _, n := range in.Nodes {
		s := Site{Node: n, Claim: byProvider[n.ProviderID], Pods: byNode[n.Name], Emptied: in.Emptied[n.Name]}
		for _, x := range in.CSINodes {
			if x.Name == n.Name {
				s.CSINode = x
			}
		}
		for _, a := range in.Attachments {
			if a.Node == n.Name {
				s.Attachments = append(s.Attachments, a)
			}
		}
		if s.Claim != nil {
			delete(out, s.Claim.Name)
		}
		out[n.Name] = s
	}
	return out
}

// A ground of the same records takes over all hosts.
func TestNextTakesOver(t *testing.T) {
	in := Input{Types: map[ClassRef][]InstanceType{}}
	for _, name := range []string{"a", "b"} {
		in.Nodes = append(in.Nodes, &Node{Name: name, ProviderID: name, Ready: true, Allocatable: NewResources(map[string]int64{CPU: 1000})})
		in.Pods = append(in.Pods, &Pod{UID: name, Name: name, Node: name, Demand: &Demand{Requests: NewResources(map[string]int64{CPU: 100})}})
	}
	g := NewGround(in)
	in.Pods = slices.Clone(in.Pods)
	slices.Reverse(in.Pods)
	next := g.Next(in)
	for i := range g.out.Hosts {
		if &g.out.Hosts[i].Free[0] != &next.out.Hosts[i].Free[0] {
			t.Errorf("host %s was worked out again", g.out.Hosts[i].Name)
		}
	}
	in.Pods = in.Pods[1:] // those of b
	next = g.Next(in)
	if &g.out.Hosts[0].Free[0] != &next.out.Hosts[0].Free[0] || next.out.Hosts[1].Free[0] != 1000 {
		t.Errorf("one host was to be worked out again: %+v", next.out.Hosts)
	}
}

// A ground keeps nothing of the lists that those before it were made from.
func TestNextKeepsNoLists(t *testing.T) {
	in := Input{Types: map[ClassRef][]InstanceType{}}
	for _, name := range []string{"a", "b"} {
		in.Nodes = append(in.Nodes, &Node{Name: name, ProviderID: name, Ready: true, Allocatable: NewResources(map[string]int64{CPU: 1000})})
		in.Pods = append(in.Pods, &Pod{UID: name, Name: name, Node: name, Demand: &Demand{Requests: NewResources(map[string]int64{CPU: 100})}})
	}
	g := NewGround(in)
	first := weak.Make(&in.Pods[0])
	in.Pods = slices.Clone(in.Pods)
	next := g.Next(in)
	if g.sites[0] != next.sites[0] {
		t.Fatal("nothing was taken over")
	}
	g = nil
	runtime.GC()
	if first.Value() != nil {
		t.Error("the list of pods of the ground before is kept")
	}
	runtime.KeepAlive(next)
}

// BenchmarkGround is of 1,000 nodes with 30 pods each, of which one has changed.
func BenchmarkGround(b *testing.B) {
	in := Input{Types: map[ClassRef][]InstanceType{}}
	demand, identity := &Demand{Requests: NewResources(map[string]int64{CPU: 100, Memory: 1 << 28, Pods: 1})}, &Identity{Namespace: "ns"}
	for i := range 1000 {
		n := &Node{Name: fmt.Sprintf("n%03d", i), ProviderID: fmt.Sprint("p", i), Ready: true, Labels: Labels{LabelZone: "z1"}, Allocatable: NewResources(map[string]int64{CPU: 8000, Memory: 1 << 34, Pods: 110})}
		in.Nodes = append(in.Nodes, n)
		for j := range 30 {
			id := fmt.Sprintf("pod-%03d-%02d", i, j)
			in.Pods = append(in.Pods, &Pod{UID: id, Namespace: "ns", Name: id, Node: n.Name, Demand: demand, Identity: identity, Owner: Owner{Kind: "ReplicaSet"}})
		}
	}
	before := NewGround(in)
	in.Nodes = slices.Clone(in.Nodes)
	changed := *in.Nodes[500]
	in.Nodes[500] = &changed
	b.Run("new", func(b *testing.B) {
		for b.Loop() {
			NewGround(in)
		}
	})
	b.Run("next", func(b *testing.B) {
		for b.Loop() {
			before.Next(in)
		}
	})
}
