package clustertest

import (
	"fmt"
	"maps"

	"github.com/ullage-sh/ullage/cluster"
)

// machine is what node and claim lines have in common.
type machine struct {
	typ    *cluster.InstanceType
	pool   *cluster.Pool
	id     cluster.OfferingID
	labels cluster.Labels
}

func (s *reader) machine(l *line) machine {
	m := machine{labels: cluster.Labels{}}
	if name := l.one("type", ""); name != "" {
		if m.typ = s.types[name]; m.typ == nil {
			l.fail(fmt.Errorf("type %q is not defined above", name))
		}
	}
	if name := l.one("pool", ""); name != "" {
		if m.pool = s.pools[name]; m.pool == nil {
			l.fail(fmt.Errorf("pool %q is not defined above", name))
		}
	}
	zone, kind := "a", cluster.OnDemand
	if m.typ != nil {
		m.id.InstanceType = m.typ.Name
		zone, kind = m.typ.Offerings[0].Zone, m.typ.Offerings[0].CapacityType
		maps.Copy(m.labels, m.typ.Labels)
	}
	m.id.Zone, m.id.CapacityType = l.one("zone", zone), l.one("capacity-type", kind)
	if m.typ != nil && m.pool != nil {
		if labels, ok := m.pool.NodeLabels(m.typ, m.id); ok {
			m.labels = labels
		}
	}
	m.labels[cluster.LabelZone] = m.id.Zone
	if m.typ != nil {
		m.labels[cluster.LabelInstanceType], m.labels[cluster.LabelCapacityType] = m.id.InstanceType, m.id.CapacityType
	}
	if m.pool != nil {
		m.labels[cluster.LabelNodePool] = m.pool.Name
	}
	maps.Copy(m.labels, l.labels())
	return m
}

func (s *reader) addNode(l *line) {
	m := s.machine(l)
	if l.err != nil {
		return
	}
	n := &cluster.Node{
		Name: l.name, UID: "node-" + l.name, ProviderID: "test:///" + l.name,
		Labels: m.labels, Taints: l.taints("taint"), Created: Born, ReadySince: Born,
		Ready: !l.flag("notready"), Unschedulable: l.flag("cordoned"),
	}
	n.Labels[cluster.LabelHostname] = l.name
	if m.typ != nil {
		n.Capacity, n.Allocatable = m.typ.Capacity, m.typ.Allocatable
	}
	if own := cluster.NewResources(l.amounts()); len(own) > 0 {
		n.Capacity, n.Allocatable = own, own
	}
	if len(n.Allocatable) == 0 {
		l.fail(fmt.Errorf("no size: want type= or amounts such as cpu=2 mem=8Gi pods=29"))
	}
	young, deleting := l.flag("young"), l.flag("deleting")
	if deleting {
		n.DeletingAt = Born
	}
	s.in.Nodes = append(s.in.Nodes, n)
	if m.pool == nil {
		return
	}
	c := m.claim("claim-" + l.name)
	c.ProviderID, c.NodeName, c.Taints = n.ProviderID, n.Name, n.Taints
	for _, kind := range []string{cluster.Launched, cluster.Registered, cluster.Initialized} {
		if kind != cluster.Initialized || !young {
			c.Conditions = append(c.Conditions, cluster.Condition{Type: kind, Status: "True", Since: Born})
		}
	}
	if deleting {
		c.DeletingAt = Born
	}
	s.in.Claims = append(s.in.Claims, c)
}

func (s *reader) addClaim(l *line) {
	m := s.machine(l)
	if m.pool == nil || m.typ == nil {
		l.fail(fmt.Errorf("a claim needs pool= and type="))
	}
	if l.err != nil {
		return
	}
	c := m.claim(l.name)
	c.ProviderID = "test:///" + l.name
	c.Conditions = []cluster.Condition{{Type: cluster.Launched, Status: "True", Since: Born}}
	if l.flag("deleting") {
		c.DeletingAt = Born
	}
	s.in.Claims = append(s.in.Claims, c)
}

func (m machine) claim(name string) *cluster.Claim {
	c := &cluster.Claim{
		Name: name, UID: name, Pool: m.pool.Name, Class: m.pool.Class, Labels: m.labels, Created: Born,
		ExpireAfter: m.pool.ExpireAfter, TerminationGracePeriod: m.pool.TerminationGracePeriod,
		Taints: m.pool.Taints, StartupTaints: m.pool.StartupTaints,
	}
	if m.typ != nil {
		c.Capacity, c.Allocatable = m.typ.Capacity, m.typ.Allocatable
	}
	return c
}
