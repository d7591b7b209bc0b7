package userdata

import (
	"encoding/json"
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"
)

// nodeConfig is the API group of what nodeadm reads at boot.
const nodeConfig = "node.eks.aws"

// al2023 is an archive of the user's parts and, last so that it counts where they differ,
// our NodeConfig.
func al2023(n Node) (string, error) {
	parts, err := partsOf(n.Custom)
	if err != nil {
		return "", err
	}
	config, err := n.nodeConfig()
	if err != nil {
		return "", err
	}
	return archive(append(parts, part{"Content-Type: application/" + nodeConfig + "\n", config})), nil
}

// nodeConfig is what nodeadm is told, as YAML.
func (n Node) nodeConfig() (string, error) {
	kubelet := map[string]any{}
	if n.Kubelet != nil { // its JSON is what the kubelet reads
		text, err := json.Marshal(n.Kubelet)
		if err != nil {
			return "", err
		}
		if err := json.Unmarshal(text, &kubelet); err != nil {
			return "", err
		}
	}
	if most := n.maxPods(); most > 0 {
		kubelet["maxPods"] = most
	}
	if len(n.Taints) > 0 {
		taints := []map[string]string{}
		for _, t := range n.Taints {
			x := map[string]string{"key": t.Key, "effect": string(t.Effect)}
			if t.Value != "" {
				x["value"] = t.Value
			}
			taints = append(taints, x)
		}
		kubelet["registerWithTaints"] = taints
	}
	config := map[string]any{"config": kubelet}
	var labels []string
	for _, k := range n.labels() {
		labels = append(labels, k+"="+n.Labels[k])
	}
	if len(labels) > 0 {
		config["flags"] = []string{"--node-labels=" + strings.Join(labels, ",")}
	}
	spec := map[string]any{
		"cluster": map[string]any{
			"name": n.Cluster.Name, "apiServerEndpoint": n.Cluster.Endpoint, "certificateAuthority": n.Cluster.CA, "cidr": n.Cluster.ServiceCIDR,
		},
		"kubelet": config,
	}
	if n.InstanceStore != "" {
		spec["instance"] = map[string]any{"localStorage": map[string]any{"strategy": n.InstanceStore}}
	}
	text, err := yaml.Marshal(map[string]any{"apiVersion": nodeConfig + "/v1alpha1", "kind": "NodeConfig", "spec": spec})
	if err != nil {
		return "", fmt.Errorf("writing the NodeConfig: %w", err)
	}
	return string(text), nil
}
