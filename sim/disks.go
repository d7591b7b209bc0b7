package sim

import (
	"math/rand/v2"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/sim/store"
	"github.com/ullage-sh/ullage/sim/workload"
)

// disks are the EBS driver and the controllers around it, as the lab has them
// (docs/decisions/0017), with the times that they take: a claim waits for its first
// consumer, its volume is made in the zone of the node that the scheduler has chosen, is
// attached before the pod starts and detached when it has gone.
type disks struct {
	w      *world
	pace   *rand.Rand
	limits map[string]cluster.Resources // by instance type
	at     map[string]string            // volume → node that it is attached to, or about to be
	ready  map[string]bool              // volumes that are attached
}

// The driver, and the class of its volumes.
const (
	ebs          = "ebs.csi.aws.com"
	storageClass = "gp3"
)

// How long things take, and how long a volume stays attached to a node that nobody answers
// on (maxWaitForUnmountDuration).
var (
	diskMade     = Delay{2 * cluster.Second, 6 * cluster.Second}
	diskAttached = Delay{3 * cluster.Second, 12 * cluster.Second}
	diskDetached = Delay{8 * cluster.Second, 25 * cluster.Second}
)

const forcedDetach = 6 * cluster.Minute

// newDisks returns nil for a scenario without volumes.
func newDisks(w *world) *disks {
	if !slices.ContainsFunc(w.Workloads, func(x *workload.Workload) bool { return x.Volume > 0 }) {
		return nil
	}
	d := &disks{w: w, pace: w.seed.stream("disks"), limits: map[string]cluster.Resources{}, at: map[string]string{}, ready: map[string]bool{}}
	for i := range w.Types {
		d.limits[w.Types[i].Name] = w.Types[i].AttachLimits
	}
	return d
}

// classes are what the cluster has of storage, as an operator hears of it.
func (d *disks) classes() []engine.Event {
	if d == nil {
		return nil
	}
	return []engine.Event{
		engine.StorageClassChanged{Name: storageClass, Class: gp3()},
		engine.CSIDriverChanged{Name: ebs, Driver: &cluster.CSIDriver{Name: ebs}},
	}
}

func gp3() *cluster.StorageClass {
	return &cluster.StorageClass{Name: storageClass, Provisioner: ebs, WaitForConsumer: true, Default: true}
}

// claim makes the claim of a pod's volume, unless it is there from a pod before.
func (d *disks) claim(o *owner, pod string) {
	name := claimPrefix + pod
	_, _ = d.w.store.VolumeClaims.Create(o.Namespace+"/"+name, &cluster.PersistentVolumeClaim{ // it may be there
		Namespace: o.Namespace, Name: name, StorageClass: storageClass, Size: o.Volume, Kind: cluster.VolumeKind{Modes: []string{"ReadWriteOnce"}},
	})
}

// claimPrefix and the name of a pod are the name of its claim.
const claimPrefix = "data-"

// claimsOf are the claims of a pod.
func (d *disks) claimsOf(p *cluster.Pod) []*store.Object[cluster.PersistentVolumeClaim] {
	var out []*store.Object[cluster.PersistentVolumeClaim]
	for _, v := range p.Demand.Volumes {
		if o := d.w.store.VolumeClaims.Get(p.Namespace + "/" + v.Claim); o != nil {
			out = append(out, o)
		}
	}
	return out
}

// nodeComes tells how many volumes a node takes.
func (d *disks) nodeComes(n *cluster.Node) {
	if d != nil {
		_, _ = d.w.store.CSINodes.Create(n.Name, &cluster.CSINode{Name: n.Name, Limits: d.limits[n.Labels[cluster.LabelInstanceType]]}) // names are distinct
	}
}

func (d *disks) nodeGoes(name string) {
	if d == nil {
		return
	}
	if o := d.w.store.CSINodes.Get(name); o != nil {
		d.w.store.CSINodes.Remove(o)
	}
}

// asSeen is a node as the scheduler counts on it: with as many attachments as it takes.
func (d *disks) asSeen(n *cluster.Node) *cluster.Node {
	if d == nil {
		return n
	}
	x := *n
	x.Allocatable = n.Allocatable.Plus(d.limits[n.Labels[cluster.LabelInstanceType]])
	return &x
}

// provide makes the volumes that a pod waits for in the zone of a node, and then goes on. What
// is being made for a pod of the same name that has gone since it waits for.
func (d *disks) provide(p *cluster.Pod, node string, then func()) {
	n := d.w.store.Nodes.Get(node)
	if n == nil {
		then()
		return
	}
	zone := n.Now.Labels[cluster.LabelZone]
	made := cluster.Duration(0)
	for _, o := range d.claimsOf(p) {
		switch {
		case o.Now.Volume != "":
			continue
		case o.Now.SelectedNode != "":
			d.w.after(cluster.Second, func() { d.provide(p, node, then) })
			return
		}
		x := *o.Now
		x.SelectedNode = node
		d.w.store.VolumeClaims.Set(o, &x)
		d.w.scheduling.cache.Confine(x.Namespace, x.Name, zone)
		took := diskMade.draw(d.pace)
		made = max(made, took)
		d.w.after(took, func() { d.make(o, zone) })
	}
	d.w.after(made, then)
}

func (d *disks) make(o *store.Object[cluster.PersistentVolumeClaim], zone string) {
	name := "pvc-" + o.Now.Name + "." + o.Now.Namespace
	_, _ = d.w.store.Volumes.Create(name, &cluster.PersistentVolume{ // for each claim once
		Name: name, Driver: ebs, Handle: "vol-" + name, StorageClass: storageClass, Size: o.Now.Size, Claim: o.Key, Kind: o.Now.Kind,
		Affinity: []cluster.Term{{{Key: cluster.LabelZone, Operator: cluster.In, Values: []string{zone}}}},
	})
	x := *o.Now
	x.Volume = name
	d.w.store.VolumeClaims.Set(o, &x)
}

// podChanged attaches the volumes of pods that have got a node, and detaches those of pods
// that have left.
func (d *disks) podChanged(o *store.Pod, old *cluster.Pod) {
	p := cmpOr(o.Now, old)
	if d == nil || len(p.Demand.Volumes) == 0 {
		return
	}
	if o.Now != nil && o.Now.Node != "" && (old == nil || old.Node == "") {
		d.attach(o)
	}
	if o.Now == nil && old.Node != "" {
		d.release(old)
	}
}

// attach attaches the volumes of a pod to its node, as soon as they hang nowhere else.
func (d *disks) attach(o *store.Pod) {
	p := o.Now
	if p == nil {
		return
	}
	for _, c := range d.claimsOf(p) {
		v := c.Now.Volume
		if v == "" {
			continue // the node had gone before the volume was made: the pod will not start
		}
		switch d.at[v] {
		case p.Node:
		case "":
			d.at[v] = p.Node
			_, _ = d.w.store.Attachments.Create("csi-"+v, &cluster.VolumeAttachment{Name: "csi-" + v, Node: p.Node, Volume: v}) // it hangs nowhere
			d.w.after(diskAttached.draw(d.pace), func() {
				if d.at[v] == p.Node { // and not elsewhere by now
					d.ready[v] = true
				}
			})
		default:
			d.w.after(cluster.Second, func() { d.attach(o) })
		}
	}
}

// attached tells whether the volumes of a pod are on its node.
func (d *disks) attached(p *cluster.Pod) bool {
	return d == nil || !slices.ContainsFunc(d.claimsOf(p), func(c *store.Object[cluster.PersistentVolumeClaim]) bool {
		return d.at[c.Now.Volume] != p.Node || !d.ready[c.Now.Volume]
	})
}

// release detaches the volumes of a pod that has gone, unless another of its name has come to
// the same node.
func (d *disks) release(old *cluster.Pod) {
	wait := diskDetached.draw(d.pace)
	if !d.w.kubelets.alive(old.Node) {
		wait = forcedDetach
	}
	for _, c := range d.claimsOf(old) {
		v := c.Now.Volume
		d.w.after(wait, func() {
			if next := d.w.store.Pods.Get(old.ID()); d.at[v] != old.Node || next != nil && next.Now.Node == old.Node {
				return
			}
			delete(d.at, v)
			delete(d.ready, v)
			if a := d.w.store.Attachments.Get("csi-" + v); a != nil {
				d.w.store.Attachments.Remove(a)
			}
		})
	}
}
