package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/view"
)

// maxRows bounds the rows of a table of nodes. Beyond it, nodes are put together by
// type, and what each holds is left to JSON.
const maxRows = 40

// Text writes the report for people.
func (r *Report) Text(w io.Writer) error {
	var b strings.Builder
	r.headline(&b)
	r.table(&b, "NEW NODES", false)
	r.table(&b, "NODES THAT ARE THERE", true)
	r.writeUnplaced(&b)
	if len(r.nodes)+len(r.Snapshot.Hosts) > 0 {
		r.totals(&b)
	}
	r.writeRivals(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) headline(b *strings.Builder) {
	all, unplaced := r.waiting()
	switch {
	case all == 0:
		b.WriteString("No pod waits: there is nothing to plan.\n")
	case unplaced == 0:
		fmt.Fprintf(b, "%s in %s: all fit.\n", count(all, "waiting pod"), r.Region)
	default:
		fmt.Fprintf(b, "%s in %s: %d fit, %d do not.\n", count(all, "waiting pod"), r.Region, all-unplaced, unplaced)
	}
}

func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return grouped(n) + " " + noun
}

// anyOf shortens what may become one of several, and says "?" of what is not known.
func anyOf(value string) string {
	if n := strings.Count(value, ",") + 1; n > 2 {
		return "any of " + strconv.Itoa(n)
	}
	return cmp.Or(value, "?")
}

// grouped writes a number with commas between thousands.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// group is nodes that are alike.
type group struct {
	nodes []*node
	holds []share
}

// share is how many pods of a workload a node holds.
type share struct {
	workload string
	pods     int
}

// groups puts alike nodes together, in the order of the plan. If exact, they hold
// the same too.
func (r *Report) groups(existing, exact bool) []group {
	index := map[string]int{}
	var out []group
	for i := range r.nodes {
		n := &r.nodes[i]
		if n.existing != existing {
			continue
		}
		holds := sharesOf(n.pods)
		key := n.pool + " " + n.id.String()
		if exact {
			key += fmt.Sprint(holds, n.free)
		}
		at, known := index[key]
		if !known {
			at = len(out)
			index[key] = at
			out = append(out, group{holds: holds})
		}
		out[at].nodes = append(out[at].nodes, n)
	}
	return out
}

func sharesOf(pods []*cluster.Pod) []share {
	var out []share
	index := map[string]int{}
	for _, p := range pods {
		name := workload(p)
		i, known := index[name]
		if !known {
			i = len(out)
			index[name] = i
			out = append(out, share{workload: name})
		}
		out[i].pods++
	}
	slices.SortFunc(out, func(a, b share) int {
		return cmp.Or(-cmp.Compare(a.pods, b.pods), strings.Compare(a.workload, b.workload))
	})
	return out
}

func (r *Report) table(b *strings.Builder, title string, existing bool) {
	list := r.groups(existing, true)
	exact := len(list) <= maxRows
	if !exact {
		list = r.groups(existing, false)
	}
	if len(list) == 0 {
		return
	}
	t := table{
		head:  []string{title, "TYPE", "ZONE", "CAPACITY", "PODS", "CPU", "MEMORY", "PRICE/H", "PRICE/MONTH"},
		right: []bool{false, false, false, false, true, true, true, true, true},
	}
	for _, g := range list {
		first := g.nodes[0]
		pods, price := 0, view.Price{}
		for _, n := range g.nodes {
			pods, price = pods+len(n.pods), price.Plus(n.price)
		}
		cells := []string{
			g.name(), anyOf(first.id.InstanceType), anyOf(first.id.Zone), anyOf(first.id.CapacityType),
			grouped(pods), g.used(0), g.used(1), price.String(), price.Month(),
		}
		if exact {
			t.add(cells, r.contents(&g)...)
		} else {
			t.add(cells)
		}
	}
	b.WriteByte('\n')
	t.write(b)
	if !exact {
		fmt.Fprintf(b, "These are %d nodes of %d kinds, put together by type; -o json says what each holds.\n", r.number(existing), len(list))
	}
}

func (r *Report) number(existing bool) int {
	n := 0
	for i := range r.nodes {
		if r.nodes[i].existing == existing {
			n++
		}
	}
	return n
}

// name is "default-3", or "4 × default-3 …" for nodes that are alike: they are next
// to each other in the plan.
func (g *group) name() string {
	if len(g.nodes) == 1 {
		return g.nodes[0].name
	}
	return grouped(len(g.nodes)) + " × " + g.nodes[0].name + " …"
}

// used is how much of a basic resource is taken, in the mean of the nodes.
func (g *group) used(component int) string {
	var free, all float64
	for _, n := range g.nodes {
		free += float64(n.free[component])
		all += float64(n.allocatable[component])
	}
	if all <= 0 {
		return "?"
	}
	return strconv.FormatFloat(100*(1-free/all), 'f', 0, 64) + " %"
}

// maxShares bounds the workloads that are named for a node.
const maxShares = 8

// contents says what each node of a group holds and what it leaves empty.
func (r *Report) contents(g *group) []string {
	n := g.nodes[0]
	verb, leaves, system := "holds ", "leaves ", ""
	if n.existing {
		verb = "gets "
	}
	if len(g.nodes) > 1 {
		verb, leaves = "each "+verb, "each "+leaves
	}
	if s := r.amounts(n.system); s != "" {
		system = "; DaemonSets take " + s
	}
	return []string{verb + sharesText(g.holds), leaves + cmp.Or(r.amounts(n.free), "nothing") + " empty" + system}
}

func sharesText(list []share) string {
	parts := make([]string, 0, len(list))
	for i, s := range list {
		if i == maxShares && len(list) > maxShares+1 {
			parts = append(parts, strconv.Itoa(len(list)-i)+" other workloads")
			break
		}
		if s.pods == 1 {
			parts = append(parts, s.workload)
		} else {
			parts = append(parts, grouped(s.pods)+" × "+s.workload)
		}
	}
	return strings.Join(parts, ", ")
}

// amounts writes cpu, memory and those other components of v that a waiting pod asks
// for, as far as they are not zero. How many pods a node takes is left to JSON.
func (r *Report) amounts(v cluster.Vector) string {
	asked := make([]bool, len(r.Snapshot.Resources))
	for i := range r.Snapshot.Classes {
		for d, x := range r.Snapshot.Classes[i].Requests {
			asked[d] = asked[d] || x > 0
		}
	}
	var parts []string
	for i, x := range v {
		name := r.Snapshot.Resources[i]
		if x != 0 && name != cluster.Pods && (asked[i] || i < 2) && !strings.HasPrefix(name, cluster.AttachLimit) {
			parts = append(parts, amount(name, x))
		}
	}
	return strings.Join(parts, ", ")
}

// amount is "1500m cpu", "2.5Gi memory", "3 pods".
func amount(name string, v int64) string {
	return cluster.FormatAmount(name, v) + " " + name
}

// writeUnplaced says what fits nowhere, workload by workload.
func (r *Report) writeUnplaced(b *strings.Builder) {
	if len(r.Plan.Unplaced) == 0 {
		return
	}
	b.WriteString("\nDO NOT FIT\n")
	for _, u := range r.Plan.Unplaced {
		b.WriteString(sharesText(sharesOf(u.Pods)) + "\n")
		for _, reason := range u.Reasons {
			b.WriteString("    " + plan.Explain([]plan.Reason{reason}) + "\n")
		}
	}
	fmt.Fprintf(b, "What would make one fit: ullage explain %s\n", r.Plan.Unplaced[0].Pods[0].ID())
}

func (r *Report) totals(b *strings.Builder) {
	b.WriteByte('\n')
	line := func(name, format string, args ...any) {
		fmt.Fprintf(b, "%-12s "+format+"\n", append([]any{name}, args...)...)
	}
	nodes, price := r.bought()
	if nodes > 0 {
		line("new", "%s, %s per hour, %s per month (730 h)", count(nodes, "node"), price, price.Month())
		objective := r.Plan.Objective()
		line("objective", "%s per hour: the price and a charge of %s for each node", objective, r.Charge)
		if r.Plan.Bound <= 0 {
			line("bound", "none is proven for this plan")
		} else {
			line("bound", "%s per hour: proven, no plan for these pods has a lower objective", r.Plan.Bound)
			line("gap", "%.2f %%", 100*r.Plan.Gap())
		}
	}
	if late := len(r.Plan.Late); late > 0 {
		line("late", "%s must come after all others, for example %s: otherwise constraints between pods keep some off their nodes", count(late, "pod"), r.Plan.Late[0].ID())
	}
	if hosts := len(r.Snapshot.Hosts); hosts > 0 {
		there := r.there()
		line("there", "%s, %s per hour, %s per month; the plan adds pods to %d", count(hosts, "node"), there, there.Month(), r.number(true))
	}
	if price.Imputed || r.there().Imputed {
		b.WriteString("~ marks prices that are not published and were estimated.\n")
	}
}
