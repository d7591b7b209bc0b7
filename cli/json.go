package cli

import (
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/view"
)

// dollars is an amount in USD, written exactly.
type dollars cluster.Money

// MarshalJSON writes a number of dollars with as many decimals as it needs.
func (d dollars) MarshalJSON() ([]byte, error) {
	sign, m := "", int64(d)
	if m < 0 {
		sign, m = "-", -m
	}
	s := sign + strconv.FormatInt(m/int64(cluster.USD), 10)
	if rest := m % int64(cluster.USD); rest != 0 {
		digits := strconv.FormatInt(rest, 10)
		s += "." + strings.TrimRight(strings.Repeat("0", 6-len(digits))+digits, "0")
	}
	return []byte(s), nil
}

// The form of "-o json". All prices are USD per hour.
type (
	planJSON struct {
		Region string `json:"region"`
		// Cost is the sum of the prices of the nodes that are not existing; objective
		// adds the charge for each of them. Bound is proven; gap is objective/bound−1.
		Cost       dollars `json:"cost"`
		Objective  dollars `json:"objective"`
		NodeCharge dollars `json:"nodeCharge"`
		Bound      dollars `json:"bound"`
		Gap        float64 `json:"gap"`
		// ExistingCost is what is known of the prices of all nodes that are there.
		ExistingCost dollars `json:"existingCost"`
		// Nodes that get pods.
		Nodes         []nodeJSON     `json:"nodes"`
		Unschedulable []unplacedJSON `json:"unschedulable"`
		Comparison    []rivalJSON    `json:"comparison,omitempty"`
		Notes         []string       `json:"notes"`
	}
	nodeJSON struct {
		Name string `json:"name"`
		Pool string `json:"pool"`
		offeringJSON
		Existing bool `json:"existing"`
		// Pods that the plan puts here, "namespace/name".
		Pods []string `json:"pods"`
		// Allocatable is what the kubelet offers; free what is left of it after all
		// pods, DaemonSets included. Millicores, bytes and counts.
		Allocatable  map[string]int64 `json:"allocatable"`
		Free         map[string]int64 `json:"free"`
		Alternatives []offeringJSON   `json:"alternatives"`
	}
	offeringJSON struct {
		InstanceType string  `json:"instanceType"`
		Zone         string  `json:"zone"`
		CapacityType string  `json:"capacityType"`
		Price        dollars `json:"price"`
		Imputed      bool    `json:"imputed,omitempty"`
	}
	unplacedJSON struct {
		Pod     string   `json:"pod"`
		Reasons []string `json:"reasons"`
	}
	rivalJSON struct {
		Name          string  `json:"name"`
		Cost          dollars `json:"cost"`
		Imputed       bool    `json:"imputed,omitempty"`
		Nodes         int     `json:"nodes"`
		Unschedulable int     `json:"unschedulable"`
		Note          string  `json:"note,omitempty"`
	}
)

// JSON writes the report for programs. notes are what was left out and assumed.
func (r *Report) JSON(w io.Writer, notes []string) error {
	_, price := r.bought()
	out := planJSON{
		Region: r.Region, Cost: dollars(price.PerHour), Objective: dollars(r.Plan.Objective()), NodeCharge: dollars(r.Charge),
		Bound: dollars(r.Plan.Bound), Gap: r.Plan.Gap(), ExistingCost: dollars(r.there().PerHour),
		Nodes: []nodeJSON{}, Unschedulable: []unplacedJSON{}, Notes: append([]string{}, notes...),
	}
	for i := range r.nodes {
		out.Nodes = append(out.Nodes, r.nodeJSON(&r.nodes[i]))
	}
	for _, u := range r.Plan.Unplaced {
		reasons := []string{}
		for _, reason := range u.Reasons {
			reasons = append(reasons, plan.Explain([]plan.Reason{reason}))
		}
		for _, p := range u.Pods {
			out.Unschedulable = append(out.Unschedulable, unplacedJSON{p.ID(), reasons})
		}
	}
	slices.SortFunc(out.Unschedulable, func(a, b unplacedJSON) int { return strings.Compare(a.Pod, b.Pod) })
	for _, x := range r.Rivals {
		out.Comparison = append(out.Comparison, rivalJSON{x.Name, dollars(x.Price), x.Imputed, x.Nodes, x.Unplaced, x.Note})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(out)
}

func (r *Report) nodeJSON(n *node) nodeJSON {
	out := nodeJSON{
		Name: n.name, Pool: n.pool, offeringJSON: offeringOf(n.id, n.price), Existing: n.existing,
		Pods: []string{}, Allocatable: r.named(n.allocatable), Free: r.named(n.free), Alternatives: []offeringJSON{},
	}
	for _, p := range n.pods {
		out.Pods = append(out.Pods, p.ID())
	}
	for _, a := range n.alternatives {
		out.Alternatives = append(out.Alternatives, offeringOf(a.id, a.price))
	}
	return out
}

func offeringOf(id cluster.OfferingID, p view.Price) offeringJSON {
	return offeringJSON{id.InstanceType, id.Zone, id.CapacityType, dollars(p.PerHour), p.Imputed}
}

func (r *Report) named(v cluster.Vector) map[string]int64 {
	out := map[string]int64{}
	for i, x := range v {
		if x != 0 {
			out[r.Snapshot.Resources[i]] = x
		}
	}
	return out
}
