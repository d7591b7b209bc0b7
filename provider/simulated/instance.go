package simulated

import (
	"fmt"
	"maps"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
)

// timeline is when things happen to an instance. All of it is known in advance;
// a later order to stop rewrites what has not happened yet. Never stands for
// what will not happen.
type timeline struct {
	Launched   cluster.Instant // exists, pending
	Visible    cluster.Instant // descriptions show it
	Running    cluster.Instant
	Booted     cluster.Instant // its kubelet registers
	Warned     cluster.Instant // Spot interruption notice
	Stopping   cluster.Instant // shutting-down: the kubelet is gone
	StopSeen   cluster.Instant // descriptions show that
	Terminated cluster.Instant // the machine is gone, its capacity free again
	GoneSeen   cluster.Instant // descriptions show that
}

// cut strikes out what would have happened at or after the stop.
func (t *timeline) cut(stop cluster.Instant) {
	for _, p := range []*cluster.Instant{&t.Running, &t.Booted, &t.Warned} {
		if *p >= stop {
			*p = cluster.Never
		}
	}
}

// state is the truth at an instant.
func (t *timeline) state(now cluster.Instant) provider.State {
	switch {
	case now >= t.Terminated:
		return provider.Terminated
	case now >= t.Stopping:
		return provider.ShuttingDown
	case now >= t.Running:
		return provider.Running
	}
	return provider.Pending
}

// seen is the state that descriptions show; false when they do not show the
// instance, yet or any more.
func (t *timeline) seen(now cluster.Instant) (provider.State, bool) {
	switch {
	case now < t.Visible || now >= t.GoneSeen:
		return provider.Terminated, false
	case now >= t.StopSeen:
		return provider.ShuttingDown, true
	case now >= t.Running:
		return provider.Running, true
	}
	return provider.Pending, true
}

// batch is a launch that succeeded: the order and what came of it. It stays for
// as long as the cloud, which is what makes tokens idempotent.
type batch struct {
	Order
	SoldOut   []cluster.OfferingID `json:",omitempty"`
	Instances []*instance
}

// instance is one machine.
type instance struct {
	ID       string
	Offering cluster.OfferingID
	Address  uint32 // private IPv4
	Times    timeline

	provider string // its provider id

	batch  *batch
	labels cluster.Labels        // shared, see labelsOf
	typ    *cluster.InstanceType // nil for a terminated one whose type is no longer sold
}

func (i *instance) providerID() string { return i.provider }

func (i *instance) ip() [4]byte {
	return [4]byte{byte(i.Address >> 24), byte(i.Address >> 16), byte(i.Address >> 8), byte(i.Address)}
}

// nodeName is the private DNS name that EC2 gives: by region, except in
// us-east-1, the first one.
func (i *instance) nodeName(region string) string {
	ip := i.ip()
	domain := region + ".compute.internal"
	if region == "us-east-1" {
		domain = "ec2.internal"
	}
	return fmt.Sprintf("ip-%d-%d-%d-%d.%s", ip[0], ip[1], ip[2], ip[3], domain)
}

// describe is the instance as the provider contract has it.
func (i *instance) describe(state provider.State) provider.Instance {
	out := provider.Instance{
		ID: i.ID, ProviderID: i.providerID(), State: state, Offering: i.Offering, ImageID: i.batch.ImageID,
		Launched: i.Times.Launched, Token: i.batch.Token, Pool: i.batch.Pool, Hash: i.batch.Hash,
		Labels: i.labels,
	}
	if i.typ != nil {
		out.Capacity, out.Allocatable = i.typ.Capacity, i.typ.Allocatable
	}
	return out
}

// labelsOf returns the labels that the nodes of an offering have. They are made
// once and shared, since every description of every instance has them.
func (c *Cloud) labelsOf(id cluster.OfferingID) cluster.Labels {
	labels := c.labels[id]
	if labels == nil {
		labels = cluster.Labels{}
		if t := c.types[id.InstanceType]; t != nil {
			maps.Copy(labels, t.Labels)
		}
		labels[cluster.LabelInstanceType] = id.InstanceType
		labels[cluster.LabelZone] = id.Zone
		labels[cluster.LabelCapacityType] = id.CapacityType
		c.labels[id] = labels
	}
	return labels
}

// Machine is what a kubelet on an instance needs to know and registers with.
type Machine struct {
	InstanceID string
	Name       string // of the node
	ProviderID string
	InternalIP string
	// Labels the kubelet and the cloud's node controller set: those of the launch
	// request, host name, platform, type, zone and region. What else the type's
	// labels say comes with registration, from the claim.
	Labels                cluster.Labels
	Taints                []cluster.Taint
	Capacity, Allocatable cluster.Resources
	// BootAt is when the kubelet registers, Never if the machine stops before.
	BootAt cluster.Instant
	// StopAt is when the machine goes down, Never while nothing is planned.
	StopAt cluster.Instant
	// ImageID, Pool, Memo and Tags are those of its launch; nobody may change the tags.
	ImageID, Pool, Memo string
	Tags                map[string]string
}

// machine builds the node's specification.
func (i *instance) machine(region string) Machine {
	ip := i.ip()
	m := Machine{
		InstanceID: i.ID, Name: i.nodeName(region), ProviderID: i.providerID(),
		InternalIP: fmt.Sprintf("%d.%d.%d.%d", ip[0], ip[1], ip[2], ip[3]),
		Labels:     maps.Clone(i.batch.Labels), Taints: i.batch.Taints,
		BootAt: i.Times.Booted, StopAt: i.Times.Stopping, ImageID: i.batch.ImageID, Pool: i.batch.Pool, Memo: i.batch.Memo, Tags: i.batch.Tags,
	}
	if m.Labels == nil {
		m.Labels = cluster.Labels{}
	}
	if i.typ != nil {
		m.Capacity, m.Allocatable = i.typ.Capacity, i.typ.Allocatable
		for _, k := range []string{cluster.LabelArch, cluster.LabelOS} {
			m.Labels[k] = i.typ.Labels[k]
			m.Labels["beta."+k] = i.typ.Labels[k]
		}
	}
	m.Labels[cluster.LabelHostname] = m.Name
	m.Labels[cluster.LabelRegion] = region
	m.Labels[cluster.LabelZone] = i.Offering.Zone
	m.Labels[cluster.LabelInstanceType] = i.Offering.InstanceType
	m.Labels[cluster.LabelCapacityType] = i.Offering.CapacityType
	// Deprecated names that kubelets and the AWS cloud controller still set.
	m.Labels["beta.kubernetes.io/instance-type"] = i.Offering.InstanceType
	m.Labels["failure-domain.beta.kubernetes.io/region"] = region
	m.Labels["failure-domain.beta.kubernetes.io/zone"] = i.Offering.Zone
	return m
}
