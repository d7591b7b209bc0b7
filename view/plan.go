package view

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// Plan is a plan in numbers.
type Plan struct {
	At       cluster.Instant
	Nodes    int // to buy
	New      int // pods on those
	Hosts    int // that are there or coming, and get pods
	Existing int // pods on those
	Unplaced int // pods that fit nowhere
	// Cost of the nodes to buy, and what is proven that they cost at least.
	Cost  Price
	Bound cluster.Money
	Gap   float64 // Cost over Bound, as a fraction; 0 when nothing is bought
}

func summarize(at cluster.Instant, p *plan.Plan) *Plan {
	out := &Plan{At: at, Nodes: len(p.Creates), Bound: p.Bound, Gap: p.Gap()}
	for _, c := range p.Creates {
		out.New += len(c.Pods)
		out.Cost = out.Cost.Plus(priceOf(c.Price, c.Imputed))
	}
	hosts := map[string]bool{}
	for _, x := range p.Placements {
		hosts[x.Host] = true
		out.Existing += len(x.Pods)
	}
	out.Hosts = len(hosts)
	for _, u := range p.Unplaced {
		out.Unplaced += len(u.Pods)
	}
	return out
}

// String is the plan as one line: "95 pods on 4 new nodes: $1.2340 per hour,
// bound $1.2010, gap 2.7 %".
func (p *Plan) String() string {
	var where []string
	if p.New > 0 {
		where = append(where, strconv.Itoa(p.New)+" on "+count(p.Nodes, "new node"))
	}
	if p.Existing > 0 {
		where = append(where, strconv.Itoa(p.Existing)+" on "+count(p.Hosts, "node")+" there or coming")
	}
	if p.Unplaced > 0 {
		where = append(where, strconv.Itoa(p.Unplaced)+" nowhere")
	}
	s := count(p.New+p.Existing+p.Unplaced, "pod")
	switch len(where) {
	case 0:
		return s
	case 1:
		_, place, _ := strings.Cut(where[0], " ")
		s += " " + place
	default:
		s += ": " + strings.Join(where, ", ")
	}
	if p.Nodes == 0 {
		return s
	}
	return s + ": " + p.Money()
}

// Money is what the plan buys for, and how far that is from the best: "$1.2340
// per hour, bound $1.2010, gap 2.7 %".
func (p *Plan) Money() string {
	s := p.Cost.String() + " per hour"
	if p.Bound <= 0 {
		return s + ", no bound known"
	}
	return s + ", bound " + p.Bound.String() + ", gap " + strconv.FormatFloat(100*p.Gap, 'f', 1, 64) + " %"
}

// purchase is a set of nodes that a plan buys alike.
type purchase struct {
	pool         string
	offering     cluster.OfferingID
	nodes, pods  int
	price        Price // of all of them
	alternatives int   // the fewest of any
}

// maxPurchases bounds the lines that say what a plan buys.
const maxPurchases = 4

// purchases says what a plan buys, a line for each kind of node, the kinds that
// cost most first.
func purchases(p *plan.Plan) []string {
	type kind struct {
		pool     string
		offering cluster.OfferingID
	}
	index := map[kind]int{}
	var list []purchase
	for _, c := range p.Creates {
		k := kind{c.Pool, c.Offerings[0]}
		i, seen := index[k]
		if !seen {
			i = len(list)
			index[k] = i
			list = append(list, purchase{pool: c.Pool, offering: c.Offerings[0], alternatives: len(c.Offerings) - 1})
		}
		x := &list[i]
		x.nodes++
		x.pods += len(c.Pods)
		x.price = x.price.Plus(priceOf(c.Price, c.Imputed))
		x.alternatives = min(x.alternatives, len(c.Offerings)-1)
	}
	slices.SortStableFunc(list, func(a, b purchase) int { return -cmp.Compare(a.price.PerHour, b.price.PerHour) })
	var out []string
	for i, x := range list {
		if i == maxPurchases-1 && len(list) > maxPurchases {
			return append(out, others(list[i:]))
		}
		out = append(out, x.String())
	}
	return out
}

func (x purchase) String() string {
	s := "buying " + strconv.Itoa(x.nodes) + " × " + spaced(x.offering) + " for " + count(x.pods, "pod") + ", " + x.price.String() + " per hour"
	return s + " (pool " + x.pool + ", " + count(x.alternatives, "alternative") + ")"
}

func others(list []purchase) string {
	nodes, pods := 0, 0
	var price Price
	for _, x := range list {
		nodes, pods, price = nodes+x.nodes, pods+x.pods, price.Plus(x.price)
	}
	return "buying " + count(nodes, "node") + " of " + strconv.Itoa(len(list)) + " other kinds for " + count(pods, "pod") + ", " + price.String() + " per hour"
}

// spaced writes an offering for a sentence: "m7i.large ap-northeast-2a spot".
func spaced(o cluster.OfferingID) string {
	return strings.Join(strings.Fields(o.InstanceType+" "+o.Zone+" "+o.CapacityType), " ")
}

func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}
