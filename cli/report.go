package cli

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/compare"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/view"
)

// Report is a plan together with what it was made from.
type Report struct {
	Region   string
	Input    *cluster.Input
	Snapshot *cluster.Snapshot
	Plan     *plan.Plan
	// Charge is what each new node adds to the objective, per hour.
	Charge cluster.Money
	// Rivals are what others would buy, if that was asked for.
	Rivals []compare.Rival

	nodes []node
}

// node is a node of a plan: one to buy, or one that is there and gets pods.
type node struct {
	name     string
	pool     string
	id       cluster.OfferingID
	price    view.Price
	existing bool
	pods     []*cluster.Pod // that the plan puts here, sorted
	running  []*cluster.Pod // that are here already
	// allocatable is what the kubelet offers, system what its DaemonSets take, free
	// what is left after all pods; components as in Snapshot.Resources.
	allocatable, system, free cluster.Vector
	alternatives              []alternative
}

type alternative struct {
	id    cluster.OfferingID
	price view.Price
}

// NewReport returns a report on a plan for the snapshot of in.
func NewReport(region string, in *cluster.Input, snap *cluster.Snapshot, p *plan.Plan, charge cluster.Money) *Report {
	r := &Report{Region: region, Input: in, Snapshot: snap, Plan: p, Charge: charge}
	r.addNew()
	r.addExisting()
	return r
}

// offeringKey finds an offering of a snapshot.
type offeringKey struct {
	pool string
	id   cluster.OfferingID
}

func (r *Report) offerings() map[offeringKey]*cluster.PoolOffering {
	out := make(map[offeringKey]*cluster.PoolOffering, len(r.Snapshot.Offerings))
	for i := range r.Snapshot.Offerings {
		o := &r.Snapshot.Offerings[i]
		out[offeringKey{r.Snapshot.Pools[o.Pool].Name, o.ID}] = o
	}
	return out
}

// addNew names the nodes to buy after their pool, in the order of the plan. The name
// of a node that is there is not given again.
func (r *Report) addNew() {
	taken := map[string]bool{}
	for i := range r.Snapshot.Hosts {
		taken[r.Snapshot.Hosts[i].Name] = true
	}
	offerings := r.offerings()
	next := map[string]int{}
	for i := range r.Plan.Creates {
		c := &r.Plan.Creates[i]
		o := offerings[offeringKey{c.Pool, c.Offerings[0]}]
		n := node{
			pool: c.Pool, id: o.ID, price: priceOf(o.Price, o.Imputed), pods: c.Pods,
			allocatable: o.Allocatable, system: difference(o.Allocatable, o.Free), free: r.without(o.Free, c.Pods),
		}
		for n.name == "" || taken[n.name] {
			next[c.Pool]++
			n.name = c.Pool + "-" + strconv.Itoa(next[c.Pool])
		}
		for _, id := range c.Offerings[1:] {
			a := offerings[offeringKey{c.Pool, id}]
			n.alternatives = append(n.alternatives, alternative{id, priceOf(a.Price, a.Imputed)})
		}
		r.nodes = append(r.nodes, n)
	}
}

// addExisting adds the nodes that are there and get pods.
func (r *Report) addExisting() {
	gets := map[string][]*cluster.Pod{}
	for _, p := range r.Plan.Placements {
		gets[p.Host] = append(gets[p.Host], p.Pods...)
	}
	for i := range r.Snapshot.Hosts {
		h := &r.Snapshot.Hosts[i]
		pods := gets[h.Name]
		if len(pods) == 0 {
			continue
		}
		slices.SortFunc(pods, byID)
		n := r.host(h)
		n.pods, n.free = pods, r.without(n.free, pods)
		r.nodes = append(r.nodes, n)
	}
}

// host is a node that is there, before the plan adds to it.
func (r *Report) host(h *cluster.Host) node {
	n := node{
		name: h.Name, existing: true, price: priceOf(h.Price, h.Imputed), running: h.Pods, allocatable: h.Allocatable, free: h.Free,
		id: cluster.OfferingID{
			InstanceType: h.Labels[cluster.LabelInstanceType], Zone: h.Labels[cluster.LabelZone], CapacityType: h.Labels[cluster.LabelCapacityType],
		},
	}
	if h.Pool >= 0 {
		n.pool = r.Snapshot.Pools[h.Pool].Name
	}
	return n
}

func byID(x, y *cluster.Pod) int {
	return cmp.Or(strings.Compare(x.Namespace, y.Namespace), strings.Compare(x.Name, y.Name))
}

// priceOf is a price as view writes it; 0 is one that nobody knows.
func priceOf(m cluster.Money, imputed bool) view.Price {
	if m == 0 {
		return view.Price{Unknown: 1}
	}
	return view.Price{PerHour: m, Imputed: imputed}
}

func difference(a, b cluster.Vector) cluster.Vector {
	out := slices.Clone(a)
	out.Sub(b)
	return out
}

// without is free less what pods request, of devices too.
func (r *Report) without(free cluster.Vector, pods []*cluster.Pod) cluster.Vector {
	out := slices.Clone(free)
	for _, p := range pods {
		for _, a := range p.Demand.Requests {
			if i := slices.Index(r.Snapshot.Resources, a.Name); i >= 0 {
				out[i] -= a.Value
			}
		}
		if len(p.Claims) == 0 {
			continue
		}
		for c := range r.Snapshot.Classes {
			if class := &r.Snapshot.Classes[c]; class.Demand == p.Demand && slices.Contains(class.Pods, p) {
				for i := range r.Snapshot.SameDevices {
					out[i] -= class.Requests[i]
				}
			}
		}
	}
	return out
}

// Fits tells whether all pods have a place.
func (r *Report) Fits() bool { return len(r.Plan.Unplaced) == 0 }

// waiting counts the pods that were planned for, and those among them without a
// place.
func (r *Report) waiting() (all, unplaced int) {
	for i := range r.Snapshot.Classes {
		all += len(r.Snapshot.Classes[i].Pods)
	}
	for _, u := range r.Plan.Unplaced {
		unplaced += len(u.Pods)
	}
	return all, unplaced
}

// bought is what the new nodes cost together.
func (r *Report) bought() (nodes int, price view.Price) {
	for i := range r.nodes {
		if n := &r.nodes[i]; !n.existing {
			nodes, price = nodes+1, price.Plus(n.price)
		}
	}
	return nodes, price
}

// there is what the nodes that are there cost together.
func (r *Report) there() view.Price {
	var price view.Price
	for i := range r.Snapshot.Hosts {
		price = price.Plus(priceOf(r.Snapshot.Hosts[i].Price, r.Snapshot.Hosts[i].Imputed))
	}
	return price
}

// workload is what made a pod, as people call it: "shop/web" for a pod of the
// Deployment web.
func workload(p *cluster.Pod) string {
	_, name := maker(p)
	return p.Namespace + "/" + name
}

// maker is kind and name of what made a pod; the pod itself if nobody did. A
// ReplicaSet is called after its Deployment, whose name and hash its own is made of.
func maker(p *cluster.Pod) (kind, name string) {
	kind, name = cmp.Or(p.Owner.Kind, "Pod"), cmp.Or(p.Owner.Name, p.Name)
	if kind == "ReplicaSet" && p.Identity != nil {
		hash := p.Identity.Labels["pod-template-hash"]
		if deployment, ok := strings.CutSuffix(name, "-"+hash); ok && hash != "" {
			return "Deployment", deployment
		}
	}
	return kind, name
}
