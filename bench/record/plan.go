package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
)

// Plan is what a side answered.
type Plan struct {
	// Cost is what the new nodes cost per hour. Nodes that run already cost the
	// same whatever is planned, and are left out.
	Cost USD `json:"cost"`
	// Objective is Cost plus a charge for each new node.
	Objective USD `json:"objective"`
	// Bound is proven: no plan for the pods that this one places has a smaller
	// objective. 0 when nobody has proven one.
	Bound USD `json:"bound"`
	// Gap is Objective/Bound − 1; 0 without a bound.
	Gap float64 `json:"gap"`
	// Nodes that get pods, the new ones and those that run already.
	Nodes         []Node          `json:"nodes"`
	Unschedulable []Unschedulable `json:"unschedulable"`
	// Late are pods ("namespace/name") that are to come after all others, in this
	// order, if the side says so.
	Late []string `json:"late,omitempty"`
}

// Node is a node and the waiting pods that are to run on it.
type Node struct {
	Name         string   `json:"name"`
	Pool         string   `json:"pool"`
	InstanceType string   `json:"instanceType"`
	Zone         string   `json:"zone"`
	CapacityType string   `json:"capacityType"`
	Price        USD      `json:"price"` // 0 for a node that runs already
	Existing     bool     `json:"existing"`
	Pods         []string `json:"pods"` // "namespace/name", sorted
	// Alternatives also hold the pods, best first.
	Alternatives []Alternative `json:"alternatives"`
}

// Alternative is something else that could be bought for the same pods.
type Alternative struct {
	InstanceType string `json:"instanceType"`
	Zone         string `json:"zone"`
	CapacityType string `json:"capacityType"`
	Price        USD    `json:"price"`
}

// MaxAlternatives is how many alternatives of a node are written down.
const MaxAlternatives = 60

// Unschedulable is a pod that fits nowhere.
type Unschedulable struct {
	Pod     string   `json:"pod"` // "namespace/name"
	Reasons []string `json:"reasons"`
}

// NewNodes counts the nodes that are to be bought.
func (p *Plan) NewNodes() int {
	n := 0
	for i := range p.Nodes {
		if !p.Nodes[i].Existing {
			n++
		}
	}
	return n
}

// Price adds up the prices of the new nodes, and charge for each of them.
func (p *Plan) Price(charge USD) {
	p.Cost, p.Objective = 0, 0
	for i := range p.Nodes {
		if !p.Nodes[i].Existing {
			p.Cost += p.Nodes[i].Price
			p.Objective += p.Nodes[i].Price + charge
		}
	}
}

// SetBound puts a proven lower bound of the objective into the plan.
func (p *Plan) SetBound(bound USD) {
	p.Bound, p.Gap = bound, 0
	if bound > 0 {
		p.Gap = float64(p.Objective)/float64(bound) - 1
	}
}

// Write writes the plan to a file.
func (p *Plan) Write(path string) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", " ")
	if err := e.Encode(p); err != nil {
		return fmt.Errorf("writing plan %s: %w", path, err)
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}

// ReadPlan reads what [Plan.Write] wrote.
func ReadPlan(path string) (*Plan, error) {
	p := &Plan{}
	return p, read(path, p)
}
