package compare

import (
	"slices"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// Fargate is what the pods that a plan buys nodes for, or finds no place for, would
// cost on Fargate; false where its prices are not known.
func Fargate(p *plan.Plan, region string) (Rival, bool) {
	sizes := catalog.Fargate(region, []string{region})
	if sizes == nil {
		return Rival{}, false
	}
	r := Rival{Name: "Fargate", Imputed: sizes[0].Offerings[0].Imputed, Note: "one pod a node; DaemonSets would have to become sidecars"}
	add := func(list []*cluster.Pod) {
		for _, pod := range list {
			i := slices.IndexFunc(sizes, func(t cluster.InstanceType) bool { return holdsPod(&t, pod.Demand) })
			if i < 0 || !runsOnFargate(pod.Demand) {
				r.Unplaced++
				continue
			}
			r.Nodes++
			r.Price += sizes[i].Offerings[0].Price
		}
	}
	for i := range p.Creates {
		add(p.Creates[i].Pods)
	}
	for i := range p.Unplaced {
		add(p.Unplaced[i].Pods)
	}
	return r, true
}

// holdsPod tells whether a size has the cores and the memory for a pod.
func holdsPod(t *cluster.InstanceType, d *cluster.Demand) bool {
	return !slices.ContainsFunc([]string{cluster.CPU, cluster.Memory}, func(name string) bool { return d.Requests.Get(name) > t.Allocatable.Get(name) })
}

// maxEphemeral is the ephemeral storage that Fargate gives a pod at the most. What it
// costs beyond what is included is left out.
const maxEphemeral = 175 << 30

// runsOnFargate tells whether Fargate has what a pod needs: no devices, nothing of
// the host, no disks.
func runsOnFargate(d *cluster.Demand) bool {
	basic := []string{cluster.CPU, cluster.Memory, cluster.Pods, cluster.EphemeralStorage}
	for _, a := range d.Requests {
		if !slices.Contains(basic, a.Name) || (a.Name == cluster.EphemeralStorage && a.Value > maxEphemeral) {
			return false
		}
	}
	return len(d.Ports) == 0 && len(d.HostAccess) == 0 && len(d.Volumes) == 0 && len(d.Refused) == 0
}
