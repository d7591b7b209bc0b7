package repack

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// judge tells which hosts may go, and returns the cluster with the pods of these lifted
// off, as well as of those that hold room for pods to come, and why the others are kept.
// Pods that wait for a place, or soon will because their node is going, do not count unless
// they have been promised one: they will get theirs in another plan. Those that their node
// waits for without end stay where they are.
func (p *pass) judge() (look cluster.Input, kept map[string]plan.Verdict) {
	pools := map[string]*cluster.Pool{}
	for _, pool := range p.in.Pools {
		pools[pool.Name] = pool
	}
	claims := map[string]*cluster.Claim{}
	for _, c := range p.in.Claims {
		if c.ProviderID != "" {
			claims[c.ProviderID] = c
		}
	}
	byNode := map[string][]*cluster.Pod{}
	for _, pod := range p.in.Pods {
		if pod.Node != "" {
			byNode[pod.Node] = append(byNode[pod.Node], pod)
		}
	}
	look, kept = p.in.Input, map[string]plan.Verdict{}
	look.Lifted = map[string]bool{}
	displaced := map[string]*cluster.Claim{"": nil} // nodes that are going, with what was bought for them
	for _, n := range p.in.Nodes {
		cluster.SortPods(byNode[n.Name]) // of several that hold it the first is named
		c := claims[n.ProviderID]
		if leaving(n, c) || p.in.Emptied[n.Name] {
			displaced[n.Name] = c
		}
		_, goes := displaced[n.Name]
		if v := p.hold(n, c, pools, byNode[n.Name]); v.Kept != 0 {
			kept[n.Name] = v
			// What stands for room that is kept free has to give way to others.
			if !goes && slices.ContainsFunc(byNode[n.Name], (*cluster.Pod).Virtual) {
				look.Lifted[n.Name] = true
			}
		} else {
			look.Lifted[n.Name] = true
		}
	}
	look.Pods = slices.DeleteFunc(slices.Clone(p.in.Pods), func(pod *cluster.Pod) bool {
		c, goes := displaced[pod.Node]
		return goes && pod.ComesBack() && p.in.Promised[pod.UID] == "" && (c == nil || !c.WaitsFor(pod))
	})
	return look, kept
}

func leaving(n *cluster.Node, c *cluster.Claim) bool {
	return n.DeletingAt != 0 || c != nil && c.Deleting()
}

// hold says why a node may not go whatever could be saved, if so.
func (p *pass) hold(n *cluster.Node, c *cluster.Claim, pools map[string]*cluster.Pool, pods []*cluster.Pod) plan.Verdict {
	why, asked := p.in.Kept[n.Name]
	switch {
	case asked:
		return plan.Verdict{Kept: plan.KeptFor, Detail: why}
	case c == nil || n.ProviderID == "" || pools[c.Pool] == nil:
		return plan.Verdict{Kept: plan.KeptUnmanaged}
	case leaving(n, c):
		return plan.Verdict{Kept: plan.KeptFor, Detail: "it is going already"}
	case !c.Is(cluster.Initialized):
		return plan.Verdict{Kept: plan.KeptFor, Detail: "it is not initialized"}
	case !n.Ready:
		return plan.Verdict{Kept: plan.KeptFor, Detail: "it is not ready"}
	case !p.priced(c):
		return plan.Verdict{Kept: plan.KeptUnpriced}
	}
	if pools[c.Pool].Policy == cluster.WhenEmpty && slices.ContainsFunc(pods, inUse) {
		return plan.Verdict{Kept: plan.KeptPolicy}
	}
	for _, pod := range pods {
		if why := p.guards.Holds(pod, p.in.Now); why != "" {
			return plan.Verdict{Kept: plan.KeptPod, Detail: "pod " + pod.ID() + " " + why}
		}
		if p.opt.KeepLocalStorage && pod.LocalStorage && pod.Occupies() {
			return plan.Verdict{Kept: plan.KeptPod, Detail: "pod " + pod.ID() + " has data on its node: annotate it safe-to-evict-local-volumes if that may go"}
		}
	}
	return plan.Verdict{}
}

// inUse tells whether a pod keeps its node from being empty. What only stands for room that is
// kept free does not.
func inUse(p *cluster.Pod) bool { return p.Occupies() && !p.Virtual() }

// priced tells whether it is known what a claim's node costs.
func (p *pass) priced(c *cluster.Claim) bool {
	_, _, ok := cluster.Price(p.in.Types[c.Class], c.Offering())
	return ok
}

// Holds says why a pod may not be moved now; "" if it may, or need not be.
func (g Guards) Holds(p *cluster.Pod, now cluster.Instant) string {
	if p.Protected(now) {
		return "carries " + Protection(p)
	}
	if p.Deleting() && !p.Terminal() && !p.Daemon() && !p.Mirror {
		return "is ending" // others may still count on it, and will not be able to when it has
	}
	if !p.Occupies() {
		return ""
	}
	if p.Owner.Kind == "" {
		return "has no owner that would make it anew"
	}
	if len(p.Claims) > 0 {
		return "has devices allocated to it"
	}
	by := g.Covering(p)
	switch {
	case len(by) > 1:
		return "is covered by " + strconv.Itoa(len(by)) + " PodDisruptionBudgets (" + by[0].Name + ", " + by[1].Name + "): it cannot be evicted"
	case len(by) == 1 && !by[0].Allows(p):
		why := "is covered by PodDisruptionBudget " + by[0].Name + ", which allows no disruption now"
		if by[0].Why != "" {
			why += " (" + by[0].Why + ")"
		}
		return why
	}
	return ""
}

// Protection names the annotation that protects a pod, without its prefix.
func Protection(p *cluster.Pod) string {
	_, name, _ := strings.Cut(p.ProtectedBy, "/")
	return cmp.Or(name, "do-not-disrupt")
}

// Disruption is what moving a pod amounts to, in millionths of a pod that is like any
// other: Karpenter's weights, from nothing to ten pods.
func Disruption(p *cluster.Pod) int64 {
	return min(max(onePod+int64(p.DeletionCost)*onePod>>27+int64(p.Priority)*onePod>>25, 0), 10*onePod)
}

// onePod is what it amounts to that a pod like any other moves, and that a node goes.
const onePod = 1_000_000
