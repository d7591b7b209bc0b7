// Package boot is what a machine makes of its user data: the labels and taints that its
// kubelet registers with, as nodeadm on Amazon Linux 2023 and Bottlerocket would have it.
//
// It owns how these read their configuration, and was written from their documentation
// and not from what anybody writes: it is a judge of that. It runs no scripts. A machine
// whose user data it cannot read boots all the same, and knows nothing.
package boot

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/mail"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"sigs.k8s.io/yaml"

	"github.com/ullage-sh/ullage/cluster"
)

// Node is what a kubelet registers.
type Node struct {
	Labels cluster.Labels
	Taints []cluster.Taint
}

// Equal tells whether two would register alike.
func (n Node) Equal(other Node) bool {
	return maps.Equal(n.Labels, other.Labels) && slices.Equal(n.Taints, other.Taints)
}

// Read reads user data as EC2 has it: in base64.
func Read(userData string) Node {
	n := Node{Labels: cluster.Labels{}}
	raw, err := base64.StdEncoding.DecodeString(userData)
	if err != nil {
		return n
	}
	begin := bytes.TrimLeft(raw, " \t\r\n")
	switch {
	case bytes.HasPrefix(begin, []byte("MIME-Version:")), bytes.HasPrefix(begin, []byte("Content-Type:")):
		n.archive(begin)
	case bytes.HasPrefix(begin, []byte("#!")), bytes.HasPrefix(begin, []byte("#cloud-config")):
	default:
		if !n.nodeConfig(raw) {
			n.settings(raw)
		}
	}
	slices.SortFunc(n.Taints, func(a, b cluster.Taint) int {
		return strings.Compare(a.Key+"\x00"+string(a.Effect), b.Key+"\x00"+string(b.Effect))
	})
	return n
}

// archive reads the NodeConfigs of a MIME archive, in their order: later ones count where
// they differ.
func (n *Node) archive(text []byte) {
	msg, err := mail.ReadMessage(bytes.NewReader(text))
	if err != nil {
		return
	}
	_, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		return
	}
	for r := multipart.NewReader(msg.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if err != nil {
			return
		}
		body, err := io.ReadAll(p)
		if err != nil {
			return
		}
		if p.Header.Get("Content-Transfer-Encoding") == "base64" {
			if body, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(body)), "")); err != nil {
				continue
			}
		}
		if kind, _, err := mime.ParseMediaType(p.Header.Get("Content-Type")); err == nil && kind == "application/node.eks.aws" {
			n.nodeConfig(body)
		}
	}
}

// nodeConfig reads what nodeadm reads; false for anything else.
func (n *Node) nodeConfig(text []byte) bool {
	var doc struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Spec       struct {
			Kubelet struct {
				Config struct {
					Taints *json.RawMessage `json:"registerWithTaints"`
				} `json:"config"`
				Flags []string `json:"flags"`
			} `json:"kubelet"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(text, &doc); err != nil || !strings.HasPrefix(doc.APIVersion, "node.eks.aws/") || doc.Kind != "NodeConfig" {
		return false
	}
	if raw := doc.Spec.Kubelet.Config.Taints; raw != nil {
		var taints []struct{ Key, Value, Effect string }
		if json.Unmarshal(*raw, &taints) == nil {
			n.Taints = nil // a list replaces the one of an earlier document
			for _, t := range taints {
				n.Taints = append(n.Taints, cluster.Taint{Key: t.Key, Value: t.Value, Effect: cluster.TaintEffect(t.Effect)})
			}
		}
	}
	for _, f := range doc.Spec.Kubelet.Flags { // flags add up
		name, value, _ := strings.Cut(f, "=")
		value = strings.Trim(value, `"`)
		switch name {
		case "--node-labels":
			for pair := range strings.SplitSeq(value, ",") {
				if k, v, ok := strings.Cut(pair, "="); ok {
					n.Labels[k] = v
				}
			}
		case "--register-with-taints":
			for t := range strings.SplitSeq(value, ",") {
				pair, effect, _ := strings.Cut(t, ":")
				k, v, _ := strings.Cut(pair, "=")
				n.Taints = append(n.Taints, cluster.Taint{Key: k, Value: v, Effect: cluster.TaintEffect(effect)})
			}
		}
	}
	return true
}

// settings reads what Bottlerocket reads.
func (n *Node) settings(text []byte) {
	var doc struct {
		Settings struct {
			Kubernetes struct {
				Labels map[string]string   `toml:"node-labels"`
				Taints map[string][]string `toml:"node-taints"`
			} `toml:"kubernetes"`
		} `toml:"settings"`
	}
	if toml.Unmarshal(text, &doc) != nil {
		return
	}
	maps.Copy(n.Labels, doc.Settings.Kubernetes.Labels)
	for k, all := range doc.Settings.Kubernetes.Taints {
		for _, t := range all {
			v, effect, _ := strings.Cut(t, ":")
			n.Taints = append(n.Taints, cluster.Taint{Key: k, Value: v, Effect: cluster.TaintEffect(effect)})
		}
	}
}
