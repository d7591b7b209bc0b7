package compare

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// rate is what Fargate on EKS costs per hour (Linux on x86, the only platform it
// has there), without the ephemeral storage beyond the 20 GiB that are included.
type rate struct {
	vcpu, gib cluster.Money
	// unverified: the figure could not be checked against a second source.
	unverified bool
}

// rates by region, as on AWS's price list of 2025: facts, not an offer. Oregon costs
// what Virginia does.
var rates = map[string]rate{
	"us-east-1":      {vcpu: 40_480, gib: 4_445},
	"us-west-2":      {vcpu: 40_480, gib: 4_445},
	"ap-northeast-2": {vcpu: 46_560, gib: 5_110, unverified: true},
}

// size is a row of the table of what Fargate runs (EKS user guide, "Fargate Pod
// configuration"): memory from least to most in steps, GiB.
type size struct {
	millis            int64
	least, most, step int64
}

const gib = int64(1) << 30

// sizes, smallest first. A quarter of a core also comes with half a GiB, see
// [fargateSize].
var sizes = []size{
	{250, 1, 2, 1}, {500, 1, 4, 1}, {1000, 2, 8, 1}, {2000, 4, 16, 1}, {4000, 8, 30, 1}, {8000, 16, 60, 4}, {16000, 32, 120, 8},
}

// agents is the memory that Fargate adds to a pod for kubelet, kube-proxy and
// containerd.
const agents = 256 << 20

// fargateSize rounds what a pod requests up to what Fargate runs: millicores and
// bytes. It is false for a pod that is too large.
func fargateSize(cpu, memory int64) (millis, bytes int64, ok bool) {
	memory += agents
	if cpu <= 250 && memory <= gib/2 {
		return 250, gib / 2, true
	}
	for _, s := range sizes {
		steps := max((memory-s.least*gib+s.step*gib-1)/(s.step*gib), 0)
		if g := s.least + steps*s.step; cpu <= s.millis && g <= s.most {
			return s.millis, g * gib, true
		}
	}
	return 0, 0, false
}

// Fargate is what the pods that a plan buys nodes for, or finds no place for, would
// cost on Fargate; false where its prices are not known.
func Fargate(p *plan.Plan, region string) (Rival, bool) {
	rate, known := rates[region]
	if !known {
		return Rival{}, false
	}
	r := Rival{Name: "Fargate", Imputed: rate.unverified, Note: "one pod a node; DaemonSets would have to become sidecars"}
	add := func(list []*cluster.Pod) {
		for _, pod := range list {
			millis, bytes, ok := fargateSize(pod.Demand.Requests.Get(cluster.CPU), pod.Demand.Requests.Get(cluster.Memory))
			if !ok || !runsOnFargate(pod.Demand) {
				r.Unplaced++
				continue
			}
			r.Nodes++
			r.Price += rate.vcpu*cluster.Money(millis)/1000 + rate.gib*cluster.Money(bytes/(gib/2))/2
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

// maxEphemeral is the ephemeral storage that Fargate gives a pod at the most.
const maxEphemeral = 175 * gib

// runsOnFargate tells whether Fargate has what a pod needs: no devices, no ports of
// the host, no disks. (Privileged pods and those on the network of the host are not
// told apart here.)
func runsOnFargate(d *cluster.Demand) bool {
	basic := []string{cluster.CPU, cluster.Memory, cluster.Pods, cluster.EphemeralStorage}
	for _, a := range d.Requests {
		if !slices.Contains(basic, a.Name) || (a.Name == cluster.EphemeralStorage && a.Value > maxEphemeral) {
			return false
		}
	}
	return len(d.Ports) == 0 && len(d.Volumes) == 0 && len(d.Refused) == 0
}
