package cases

import (
	"cmp"
	"fmt"

	"github.com/ullage-sh/ullage/bench/record"
)

// Case is one thing to measure.
type Case struct {
	Name string
	// Pods is how many pods wait.
	Pods int
	// Alone: only our side is measured, the other would take hours.
	Alone bool
	// About says in one line what is in it.
	About string

	// draws names the stream of random numbers, so that cases may share one and
	// with it their pods; Name if empty.
	draws string
	build func(w *world, pods int) error
}

// Make makes the case's input.
func (c *Case) Make(seed uint64) (*record.Input, error) { return c.MakeSized(seed, c.Pods) }

// MakeSized makes the case's input with another number of waiting pods.
func (c *Case) MakeSized(seed uint64, pods int) (*record.Input, error) {
	w := newWorld(c.Name, cmp.Or(c.draws, c.Name), seed)
	if err := c.build(w, pods); err != nil {
		return nil, fmt.Errorf("case %s: %w", c.Name, err)
	}
	if len(w.in.Pods) != pods {
		return nil, fmt.Errorf("case %s: %d pods were made, %d wanted", c.Name, len(w.in.Pods), pods)
	}
	return &w.in, nil
}

// All lists the cases in the order in which they are shown.
func All() []Case {
	var all []Case
	for _, n := range []int{1000, 5000, 20000} {
		all = append(all, Case{
			Name: fmt.Sprintf("diverse-%d", n), Pods: n, build: diverse,
			About: "Karpenter's benchmark: plain, spread over zones, spread over nodes, zone affinity, node anti-affinity; 400 types",
		})
	}
	all = append(all,
		Case{Name: "preferences-respected", draws: "preferences", Pods: 4000, build: respected, About: "Karpenter's benchmark: equal pods that prefer a zone, and to be alone on node and zone; 400 types"},
		Case{Name: "preferences-ignored", draws: "preferences", Pods: 4000, build: ignored, About: "the same pods, wishes ignored"},
	)
	for _, n := range []int{100, 1000, 5000, 20000} {
		name := fmt.Sprintf("lognormal-%d", n)
		all = append(all,
			Case{Name: name, Pods: n, build: everyday(anyPrice), About: "log-normal requests, on-demand c, m and r types of Seoul"},
			Case{Name: name + "-published", draws: name, Pods: n, build: everyday(publishedOnly), About: "the same without types that have an imputed price"},
		)
	}
	return append(all,
		Case{Name: "gpu-mix", Pods: 1000, build: gpuMix, About: "a fifth of the pods want 1 to 8 GPUs, some of a model; c, m, r, g and p types of Seoul"},
		Case{Name: "zone-spread", Pods: 2000, build: zoneSpread, About: "50 Deployments spread over zones, every other one over nodes too"},
		Case{Name: "anti-affinity", Pods: 1000, build: antiAffinity, About: "half of the pods one per node, some of them keep others away"},
		Case{Name: "existing-1000", Pods: 500, build: existing, About: "1,000 nearly full nodes; log-normal requests, on-demand c, m and r types of Seoul"},

		Case{Name: "lognormal-100000", Pods: 100_000, Alone: true, build: everyday(anyPrice), About: "log-normal requests, on-demand c, m and r types of Seoul"},
		Case{Name: "lognormal-1000000", Pods: 1_000_000, Alone: true, build: everyday(anyPrice), About: "log-normal requests, on-demand c, m and r types of Seoul"},
		Case{Name: "classes-1000000", Pods: 1_000_000, Alone: true, build: classes(500), About: "500 Deployments of log-normal size, all Linux types of Seoul, spot too"},
		Case{Name: "shapes-100000", Pods: 100_000, Alone: true, build: shapes(50_000), About: "50,000 distinct requests, all Linux types of Seoul, spot too"},
	)
}
