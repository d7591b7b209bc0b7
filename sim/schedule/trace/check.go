package trace

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim/schedule"
)

// Result is how far package schedule agrees with what was decided.
type Result struct {
	// Decisions that were compared, and those of them that found no node.
	Decisions, Refused int
	// Open are decisions between several nodes that took the pod, Sharp those of them in
	// which one node alone had the best score: only there could any other answer be
	// wrong for its score.
	Open, Sharp int
	// Differences are the decisions about which both disagree.
	Differences []string
}

// Check lets a [schedule.Cache] see the events, and compares each decision with what it
// says: a refused pod fits nowhere, any other went to one of the nodes that have the best
// score among those that fit. Ties are broken at random, by either.
func Check(events []Event) (*Result, error) {
	c := checker{out: &Result{}, cache: fresh()}
	for i := range events {
		if err := c.take(&events[i]); err != nil {
			return nil, fmt.Errorf("trace of decisions: event %d: %w", i, err)
		}
	}
	return c.out, nil
}

type checker struct {
	out        *Result
	cache      *schedule.Cache
	demands    cluster.Demands
	identities cluster.Identities
}

// fresh is a cache of an empty cluster. It is never asked to break a tie.
func fresh() *schedule.Cache { return schedule.NewCache(rand.New(rand.NewPCG(1, 1))) }

func (c *checker) take(e *Event) error {
	switch {
	case e.Fresh:
		c.cache = fresh()
	case e.Node != nil:
		c.cache.SetNode(e.Node)
	case e.NoNode != "":
		c.cache.RemoveNode(e.NoNode)
	case e.Pod != nil:
		c.cache.SetPod(c.intern(e.Pod))
	case e.NoPod != "":
		c.cache.RemovePod(e.NoPod)
	case e.Decided != nil:
		return c.decided(e.Decided)
	}
	return nil
}

// intern makes demands and identities pointers that can be compared: as written down
// each pod has its own.
func (c *checker) intern(p *cluster.Pod) *cluster.Pod {
	own := *p
	own.Demand = c.demands.Intern(*p.Demand)
	if p.Identity != nil {
		own.Identity = c.identities.Intern(p.Identity.Namespace, p.Identity.Labels)
	}
	return &own
}

func (c *checker) decided(d *Decision) error {
	p := c.intern(d.Pod)
	if err := c.cache.Supports(p); err != nil {
		return err
	}
	c.out.Decisions++
	if why := c.differs(p, d.Node); why != "" {
		c.out.Differences = append(c.out.Differences, fmt.Sprintf("pod %s: %s (%s)", p.ID(), why, p.Demand.Key))
	}
	if d.Node != "" {
		p.Node = d.Node
		c.cache.SetPod(p)
	}
	return nil
}

// differs says how the scheduler's choice is not what the cache would have done, "" if
// it is.
func (c *checker) differs(p *cluster.Pod, node string) string {
	names := c.cache.Feasible(p)
	slices.Sort(names)
	if node == "" {
		c.out.Refused++
		if len(names) > 0 {
			return "was refused, would fit on " + names[0]
		}
		return ""
	}
	at := slices.Index(names, node)
	if at < 0 {
		return fmt.Sprintf("went to %s, where it would not fit", node)
	}
	if len(names) == 1 {
		return ""
	}
	c.out.Open++
	scores := c.cache.Scores(p, names)
	best := slices.Max(scores)
	ties := 0
	for _, s := range scores {
		if s == best {
			ties++
		}
	}
	if ties == 1 {
		c.out.Sharp++
	}
	if scores[at] == best {
		return ""
	}
	return fmt.Sprintf("went to %s with score %d, the best is %s", node, scores[at], top(names, scores, best))
}

// top are the nodes with the best score.
func top(names []string, scores []int64, best int64) string {
	var out []string
	for i, s := range scores {
		if s == best {
			out = append(out, names[i])
		}
	}
	slices.SortFunc(out, cmp.Compare[string])
	return fmt.Sprintf("%d on %s", best, strings.Join(out, ", "))
}
