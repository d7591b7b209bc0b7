package userdata

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// maxBytes is how much EC2 takes, before it is put into base64.
const maxBytes = 16 << 10

// Make writes the user data of nodes, as text. It fails if the class's own cannot be
// merged with it, or if both together are more than EC2 takes.
func Make(family Family, n Node) (string, error) {
	var out string
	var err error
	switch family {
	case AL2023:
		out, err = al2023(n)
	case Bottlerocket:
		out, err = bottlerocket(n)
	case Custom:
		out = n.Custom
	default:
		return "", fmt.Errorf("no user data can be written for %s; there are AL2023, Bottlerocket and Custom", family)
	}
	if err == nil && len(out) > maxBytes {
		return "", fmt.Errorf("with what the node needs it has %d bytes, EC2 takes %d; move parts of it to where the node can fetch them", len(out), maxBytes)
	}
	return out, err
}

// kubeletTakes tells whether a kubelet may give its node a label. Of Kubernetes' own
// domains it takes a few and refuses to start for others; those the node gets when it is
// registered. (KEP-279, kubelet's --node-labels)
func kubeletTakes(label string) bool {
	domain, _, found := strings.Cut(label, "/")
	if !found || !within(domain, "kubernetes.io") && !within(domain, "k8s.io") {
		return true
	}
	return within(domain, "kubelet.kubernetes.io") || within(domain, "node.kubernetes.io") || slices.Contains([]string{
		cluster.LabelArch, cluster.LabelOS, cluster.LabelHostname, cluster.LabelInstanceType, cluster.LabelRegion, cluster.LabelZone,
		"beta.kubernetes.io/arch", "beta.kubernetes.io/os", "beta.kubernetes.io/instance-type",
		"failure-domain.beta.kubernetes.io/region", "failure-domain.beta.kubernetes.io/zone",
		"failure-domain.kubernetes.io/region", "failure-domain.kubernetes.io/zone",
	}, label)
}

func within(domain, parent string) bool {
	return domain == parent || strings.HasSuffix(domain, "."+parent)
}

// labels are those that the kubelet is told, sorted by key.
func (n Node) labels() []string {
	var out []string
	for k := range n.Labels {
		if kubeletTakes(k) {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

// maxPods is how many pods the node takes, 0 if it is to work that out.
func (n Node) maxPods() int32 {
	if n.MaxPods == 0 && n.Kubelet != nil && n.Kubelet.MaxPods != nil {
		return *n.Kubelet.MaxPods
	}
	return n.MaxPods
}
