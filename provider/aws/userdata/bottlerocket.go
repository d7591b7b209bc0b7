package userdata

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// bottlerocket is the user's settings, with ours where they differ.
func bottlerocket(n Node) (string, error) {
	doc := map[string]any{}
	if err := toml.Unmarshal([]byte(n.Custom), &doc); err != nil {
		var at *toml.DecodeError
		if errors.As(err, &at) {
			row, column := at.Position()
			return "", fmt.Errorf("it is no TOML, which Bottlerocket reads: line %d, column %d: %w", row, column, err)
		}
		return "", fmt.Errorf("it is no TOML, which Bottlerocket reads: %w", err)
	}
	settings, err := table(doc, "settings")
	if err != nil {
		return "", err
	}
	kubernetes, err := table(settings, "settings.kubernetes")
	if err != nil {
		return "", err
	}
	if kubernetes["node-taints"] != nil {
		return "", errors.New("settings.kubernetes.node-taints: taints belong in the NodePool, where pods are planned by them")
	}
	if n.Kubelet != nil && n.Kubelet.PodsPerCore != nil {
		return "", errors.New("spec.kubelet.podsPerCore: Bottlerocket has no such setting; use maxPods")
	}
	kubernetes["api-server"], kubernetes["cluster-certificate"], kubernetes["cluster-name"] = n.Cluster.Endpoint, n.Cluster.CA, n.Cluster.Name
	labels, err := table(kubernetes, "settings.kubernetes.node-labels")
	if err != nil {
		return "", err
	}
	for _, k := range n.labels() {
		labels[k] = n.Labels[k]
	}
	if len(labels) == 0 {
		delete(kubernetes, "node-labels")
	}
	taints := map[string][]string{}
	for _, t := range n.Taints {
		taints[t.Key] = append(taints[t.Key], t.Value+":"+string(t.Effect))
	}
	if len(taints) > 0 {
		kubernetes["node-taints"] = taints
	}
	n.kubeletSettings(kubernetes)
	if n.InstanceStore != "" {
		commands, err := table(settings, "settings.bootstrap-commands")
		if err != nil {
			return "", err
		}
		// Named so that it comes first: what is bound must not be in use.
		commands["000-instance-store"] = map[string]any{
			"commands": [][]string{
				{"apiclient", "ephemeral-storage", "init"},
				{"apiclient", "ephemeral-storage", "bind", "--dirs", "/var/lib/containerd", "/var/lib/kubelet", "/var/log/pods"},
			},
			"mode": "always", "essential": true,
		}
	}
	text, err := toml.Marshal(doc)
	if err != nil {
		return "", fmt.Errorf("writing TOML: %w", err)
	}
	return string(text), nil
}

// table is the table of a path's last name, made if there is none.
func table(in map[string]any, path string) (map[string]any, error) {
	name := path[strings.LastIndexByte(path, '.')+1:]
	switch t := in[name].(type) {
	case nil:
		made := map[string]any{}
		in[name] = made
		return made, nil
	case map[string]any:
		return t, nil
	}
	return nil, fmt.Errorf("%s: want a table", path)
}

// kubeletSettings are the kubelet's in Bottlerocket's names.
func (n Node) kubeletSettings(into map[string]any) {
	if most := n.maxPods(); most > 0 {
		into["max-pods"] = most
	}
	k := n.Kubelet
	if k == nil {
		return
	}
	switch len(k.ClusterDNS) {
	case 0:
	case 1:
		into["cluster-dns-ip"] = k.ClusterDNS[0] // what all versions take
	default:
		into["cluster-dns-ip"] = k.ClusterDNS
	}
	for name, m := range map[string]map[string]string{
		"system-reserved": k.SystemReserved, "kube-reserved": k.KubeReserved, "eviction-hard": k.EvictionHard,
		"eviction-soft": k.EvictionSoft, "eviction-soft-grace-period": k.EvictionSoftGracePeriod,
	} {
		if len(m) > 0 {
			into[name] = m
		}
	}
	if k.EvictionMaxPodGracePeriod != nil {
		into["eviction-max-pod-grace-period"] = *k.EvictionMaxPodGracePeriod
	}
	for name, percent := range map[string]*int32{
		"image-gc-high-threshold-percent": k.ImageGCHighThresholdPercent, "image-gc-low-threshold-percent": k.ImageGCLowThresholdPercent,
	} {
		if percent != nil {
			into[name] = strconv.Itoa(int(*percent))
		}
	}
	if k.CPUCFSQuota != nil {
		into["cpu-cfs-quota-enforced"] = *k.CPUCFSQuota
	}
}
