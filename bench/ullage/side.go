package ullage

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/ullage-sh/ullage/bench/record"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/kube"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/solve"
)

// Side is Ullage between two passes.
type Side struct {
	in    *record.Input
	pool  *cluster.Pool
	types []cluster.InstanceType
}

// New makes the side for an input. The error says what the pool or an instance
// type has that cannot be expressed.
func New(in *record.Input) (*Side, error) {
	s := &Side{in: in, pool: kube.NodePool(in.NodePool)}
	if s.pool.Invalid != "" {
		return nil, fmt.Errorf("NodePool %s: %s", s.pool.Name, s.pool.Invalid)
	}
	for _, t := range in.Types {
		it, err := instanceType(t)
		if err != nil {
			return nil, err
		}
		s.types = append(s.types, it)
	}
	return s, nil
}

// Pass is one pass about to begin.
type Pass struct {
	side      *Side
	converter kube.Converter
	ground    *cluster.Ground
}

// NewPass brings a pass up to date with the nodes and what runs on them.
func (s *Side) NewPass() *Pass {
	p := &Pass{side: s}
	in := cluster.Input{
		Pods:  p.converter.Pods(s.in.Running),
		Pools: []*cluster.Pool{s.pool},
		Types: map[cluster.ClassRef][]cluster.InstanceType{s.pool.Class: s.types},
	}
	for _, n := range s.in.Nodes {
		in.Nodes = append(in.Nodes, kube.Node(n))
	}
	p.ground = cluster.NewGround(in)
	return p
}

// Answer is what one pass came to.
type Answer struct {
	plan *plan.Plan
	// Core is how long solve.Solve took, without conversion and snapshot.
	Core time.Duration
}

// Solve is the pass. It does not write to pods.
func (p *Pass) Solve(pods []*corev1.Pod, e Effort, charge record.USD) *Answer {
	return p.SolveBy(pods, func(s *cluster.Snapshot) *plan.Plan {
		return solve.Solve(s, options(e, p.side.in.Preferences, charge))
	})
}

// SolveBy is the pass with another solver.
func (p *Pass) SolveBy(pods []*corev1.Pod, solver func(*cluster.Snapshot) *plan.Plan) *Answer {
	waiting := p.converter.Pods(pods)
	snapshot := p.ground.Snapshot("", waiting, nil)
	start := time.Now()
	answer := solver(snapshot)
	return &Answer{plan: answer, Core: time.Since(start)}
}
