package oracle

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// Delivery is a plan on its way into a cluster: its nodes are bought, its pods come
// one by one, each to its node, if the scheduler's plugins let it.
type Delivery struct {
	Objects   *Objects
	scheduler *Scheduler
	snapshot  *cluster.Snapshot
	// Due are the placements of the plan that are still to come, Late those that come
	// after all others.
	Due, Late []Placement
	// Patient: whenever one has come, those before it that had to wait try again, before
	// anybody else does.
	Patient bool
}

// Placement is a pod and the node that a plan has for it.
type Placement struct{ Pod, Node string } // UID, name

// Planned is the name of the i-th node that a plan buys.
func Planned(i int) string { return fmt.Sprintf("planned-%d", i) }

// Deliver buys the nodes of a plan for a cluster. choose says which of the
// alternatives of the i-th node is to be had.
func Deliver(s *Scheduler, o *Objects, snap *cluster.Snapshot, p *plan.Plan, choose func(i int, c plan.Create) cluster.OfferingID) (*Delivery, error) {
	d := &Delivery{Objects: o.Clone(), scheduler: s, snapshot: snap}
	for _, n := range o.Nodes {
		d.Objects.Attend(n.Name)
	}
	late := map[string]int{}
	for i, pod := range p.Late {
		late[pod.UID] = i + 1
	}
	d.Late = make([]Placement, len(p.Late))
	expect := func(pods []*cluster.Pod, node string) {
		for _, pod := range pods {
			if at := late[pod.UID]; at > 0 {
				d.Late[at-1] = Placement{pod.UID, node}
			} else {
				d.Due = append(d.Due, Placement{pod.UID, node})
			}
		}
	}
	for _, x := range p.Placements {
		expect(x.Pods, x.Host)
	}
	for i, c := range p.Creates {
		name := Planned(i)
		id := choose(i, c)
		at := slices.IndexFunc(snap.Offerings, func(o cluster.PoolOffering) bool {
			return o.ID == id && snap.Pools[o.Pool].Name == c.Pool
		})
		if at < 0 {
			return nil, fmt.Errorf("node %d of the plan is a %s of pool %s, which is not sold", i, id, c.Pool)
		}
		d.buy(at, name)
		expect(c.Pods, name)
	}
	return d, nil
}

func (d *Delivery) buy(offering int, name string) {
	offer := &d.snapshot.Offerings[offering]
	d.Objects.Buy(offer, d.snapshot.Pools[offer.Pool].Taints, name)
	d.Objects.Attend(name)
}

// Arrive lets the pods of the plan come as soon as the plugins let them, until
// nobody does any more, and the late ones after that. What is left of Due and Late
// has not been let in; the reasons are of the first of these.
func (d *Delivery) Arrive(ctx context.Context) []string {
	for before := -1; len(d.Due) != before && len(d.Due) > 0; {
		before = len(d.Due)
		if d.Patient {
			if i := slices.IndexFunc(d.Due, func(p Placement) bool { return d.admit(ctx, p) == nil }); i >= 0 {
				d.Due = slices.Delete(d.Due, i, i+1)
			}
			continue
		}
		d.Due = slices.DeleteFunc(d.Due, func(p Placement) bool { return d.admit(ctx, p) == nil })
	}
	d.Late = slices.DeleteFunc(d.Late, func(p Placement) bool { return d.admit(ctx, p) == nil })
	if left := slices.Concat(d.Due, d.Late); len(left) > 0 {
		return d.admit(ctx, left[0])
	}
	return nil
}

// Spreads counts the hard topology spread constraints of a pod that is to come.
func (d *Delivery) Spreads(p Placement) int {
	n := 0
	for _, c := range d.pod(p.Pod).Spec.TopologySpreadConstraints {
		if c.WhenUnsatisfiable == corev1.DoNotSchedule {
			n++
		}
	}
	return n
}

// admit places a pod if every plugin accepts; otherwise it says why not.
func (d *Delivery) admit(ctx context.Context, p Placement) []string {
	pod := d.pod(p.Pod)
	d.scheduler.Load(d.Objects)
	if why := rejections(d.scheduler.Judge(ctx, pod, []string{p.Node}), 0); len(why) > 0 {
		return why
	}
	d.Objects.Bind(pod, p.Node)
	return nil
}

func (d *Delivery) pod(uid string) *corev1.Pod {
	return d.Objects.Pods[slices.IndexFunc(d.Objects.Pods, func(p *corev1.Pod) bool { return string(p.UID) == uid })]
}

// rejections are the plugins that keep a pod off the i-th node, and why.
func rejections(verdicts []Verdict, i int) []string {
	var out []string
	for _, v := range verdicts {
		if why, bad := v.Rejects(i); bad {
			out = append(out, v.Plugin+": "+why)
		}
	}
	return out
}

// Room looks for a place for a pod in the cluster as it is now: a node, or an
// offering as a node that is bought for it. It returns "" if the plugins reject
// the pod everywhere.
func (d *Delivery) Room(ctx context.Context, uid string) string {
	pod := d.pod(uid)
	var open []string
	for _, h := range d.snapshot.Hosts {
		if h.Closed == "" {
			open = append(open, h.Name)
		}
	}
	for _, n := range d.Objects.Nodes[len(d.snapshot.Hosts):] {
		open = append(open, n.Name)
	}
	d.scheduler.Load(d.Objects)
	verdicts := d.scheduler.Judge(ctx, pod, open)
	for i, name := range open {
		if len(rejections(verdicts, i)) == 0 {
			return "node " + name
		}
	}
	for i := range d.snapshot.Offerings {
		with := &Delivery{Objects: d.Objects.Clone(), scheduler: d.scheduler, snapshot: d.snapshot}
		with.buy(i, fresh)
		d.scheduler.Load(with.Objects)
		if len(rejections(d.scheduler.Judge(ctx, pod, []string{fresh}), 0)) == 0 {
			o := &d.snapshot.Offerings[i]
			return fmt.Sprintf("a new %s of pool %s", o.ID, d.snapshot.Pools[o.Pool].Name)
		}
	}
	return ""
}
