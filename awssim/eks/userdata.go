package eks

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/mail"
	"net/textproto"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/pelletier/go-toml/v2"
)

// userData is what a node is told at boot: what the user's launch template says (base64),
// and behind that what EKS needs it to know, which counts where both say it.
func (c *Compute) userData(g *nodeGroup, image string, own *string) ([]byte, error) {
	text, err := base64.StdEncoding.DecodeString(aws.ToString(own))
	if err != nil {
		return nil, fmt.Errorf("user data is not base64: %w", err)
	}
	if strings.HasPrefix(string(g.AmiType), "BOTTLEROCKET") {
		return c.settings(g, image, text)
	}
	return c.archive(g, image, text)
}

// labels are those that the group's nodes register with.
func (g *nodeGroup) labels(image string) map[string]string {
	out := map[string]string{
		"eks.amazonaws.com/nodegroup": *g.NodegroupName, "eks.amazonaws.com/nodegroup-image": image, "eks.amazonaws.com/capacityType": string(g.CapacityType),
	}
	maps.Copy(out, g.Labels)
	return out
}

// archive is a MIME archive of the user's parts and a NodeConfig.
func (c *Compute) archive(g *nodeGroup, image string, own []byte) ([]byte, error) {
	const boundary = "//"
	var b bytes.Buffer
	fmt.Fprintf(&b, "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=%q\n\n", boundary)
	w := multipart.NewWriter(&b)
	err := w.SetBoundary(boundary)
	if err == nil && len(bytes.TrimSpace(own)) > 0 {
		err = copyParts(w, own)
	}
	if err == nil {
		err = addPart(w, textproto.MIMEHeader{"Content-Type": {"application/node.eks.aws"}}, bytes.NewReader(c.nodeConfig(g, image)))
	}
	if err == nil {
		err = w.Close()
	}
	return b.Bytes(), err
}

var errNoArchive = errors.New("User data was not in the MIME multipart format.") //nolint:staticcheck // in the words of EKS

// copyParts adds the parts of an archive.
func copyParts(w *multipart.Writer, archive []byte) error {
	msg, err := mail.ReadMessage(bytes.NewReader(bytes.TrimLeft(archive, " \t\r\n")))
	if err != nil {
		return errNoArchive
	}
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") {
		return errNoArchive
	}
	for r := multipart.NewReader(msg.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errNoArchive
		}
		if err := addPart(w, p.Header, p); err != nil {
			return err
		}
	}
}

func addPart(w *multipart.Writer, header textproto.MIMEHeader, body io.Reader) error {
	part, err := w.CreatePart(header)
	if err != nil {
		return err
	}
	if _, err := io.Copy(part, body); err != nil {
		return errNoArchive
	}
	return nil
}

// nodeConfig is what nodeadm reads on Amazon Linux 2023.
func (c *Compute) nodeConfig(g *nodeGroup, image string) []byte {
	labels := g.labels(image)
	var flags []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		flags = append(flags, key+"="+labels[key])
	}
	cfg := c.w.Config()
	var b bytes.Buffer
	fmt.Fprintf(&b, "apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n  cluster:\n    name: %s\n    apiServerEndpoint: %s\n    certificateAuthority: %s\n    cidr: 172.20.0.0/16\n",
		cfg.Cluster, cfg.Endpoint, base64.StdEncoding.EncodeToString([]byte(cfg.Authority)))
	fmt.Fprintf(&b, "  kubelet:\n    flags:\n    - --node-labels=%s\n", strings.Join(flags, ","))
	if len(g.Taints) > 0 {
		var taints []string
		for _, t := range g.Taints {
			taints = append(taints, aws.ToString(t.Key)+"="+aws.ToString(t.Value)+":"+effects[t.Effect])
		}
		fmt.Fprintf(&b, "    - --register-with-taints=%s\n", strings.Join(taints, ","))
	}
	return b.Bytes()
}

// settings is what Bottlerocket reads: the user's settings with EKS's.
func (c *Compute) settings(g *nodeGroup, image string, own []byte) ([]byte, error) {
	all := map[string]any{}
	if err := toml.Unmarshal(own, &all); err != nil {
		return nil, fmt.Errorf("User data was not in the TOML format: %w", err) //nolint:staticcheck // in the words of EKS
	}
	cfg := c.w.Config()
	labels, taints := map[string]any{}, map[string]any{}
	for key, value := range g.labels(image) {
		labels[key] = value
	}
	for _, t := range g.Taints {
		key := aws.ToString(t.Key)
		before, _ := taints[key].([]any)
		taints[key] = append(before, aws.ToString(t.Value)+":"+effects[t.Effect])
	}
	overlay(all, map[string]any{"settings": map[string]any{"kubernetes": map[string]any{
		"cluster-name": cfg.Cluster, "api-server": cfg.Endpoint, "cluster-certificate": base64.StdEncoding.EncodeToString([]byte(cfg.Authority)),
		"node-labels": labels, "node-taints": taints,
	}}})
	return toml.Marshal(all)
}

// overlay puts tables over others: what both have is the upper one's, but for tables,
// which are put together in the same way.
func overlay(under, over map[string]any) {
	for key, value := range over {
		below, isTable := under[key].(map[string]any)
		if table, both := value.(map[string]any); both && isTable {
			overlay(below, table)
			continue
		}
		under[key] = value
	}
}

// effects are Kubernetes' names of the effects of taints.
var effects = map[types.TaintEffect]string{
	types.TaintEffectNoSchedule: "NoSchedule", types.TaintEffectNoExecute: "NoExecute", types.TaintEffectPreferNoSchedule: "PreferNoSchedule",
}
