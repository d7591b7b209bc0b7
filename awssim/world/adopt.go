package world

import (
	"maps"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// adopt makes an instance of a machine that was not launched through this AWS: by an
// earlier process, by the front desk of the same machine room, or elsewhere. If nothing is
// known of how, it is tagged as Karpenter tags its own.
func (w *World) adopt(m *simulated.Machine, at cluster.Instant) *Instance {
	if i := w.remember(m); i != nil {
		return i
	}
	id := m.ProviderID[strings.LastIndexByte(m.ProviderID, '/')+1:]
	typ, zone := m.Labels[cluster.LabelInstanceType], m.Labels[cluster.LabelZone]
	image := w.imageLike(m.ImageID, typ)
	i := &Instance{
		Machine: Machine{
			ImageID: image.ID, Arch: image.Arch, SecurityGroups: []string{w.groups[0].ID}, Profile: w.ARN("iam", "", "instance-profile/"+w.NodeProfile()),
			HTTPTokens: "required", HTTPEndpoint: "enabled", HopLimit: 1,
			Volumes: []Volume{{Device: image.RootDevice, ID: w.fixedID("vol-", id+image.RootDevice), Type: "gp3", SizeGiB: image.SizeGiB}},
		},
		ID: id, Reservation: w.fixedID("r-", id), Type: typ, Zone: zone, Spot: m.Labels[cluster.LabelCapacityType] == cluster.Spot,
		Launched: at, PrivateIP: m.InternalIP, PrivateDNS: m.Name, InterfaceID: w.fixedID("eni-", id),
	}
	if s, ok := w.SubnetOf(zone); ok {
		i.SubnetID = s.ID
	}
	tags := map[string]string{"Name": m.Name, "kubernetes.io/cluster/" + w.cfg.Cluster: "owned", "eks:eks-cluster-name": w.cfg.Cluster}
	if m.Pool != "" {
		tags["karpenter.sh/nodepool"] = m.Pool
	}
	if group := m.Labels["eks.amazonaws.com/nodegroup"]; group != "" {
		tags["eks:nodegroup-name"] = group
	}
	maps.Copy(tags, m.Tags)
	w.SetTags(i.ID, tags)
	w.enter(i)
	return i
}

// imageLike is the image that a machine room's name for one means, al2023@v20261101, on
// a type. A release that is not there yet is published; without a name it is the newest.
func (w *World) imageLike(name, instanceType string) Image {
	arch := "x86_64"
	if t, ok := w.Type(instanceType); ok && len(t.Arch) > 0 {
		arch = t.Arch[0]
	}
	if _, release, ok := strings.Cut(name, "@"); ok && release != "" {
		i, _ := w.makeImage(families[0], arch, release)
		return *i
	}
	var newest Image
	for _, i := range w.images {
		if i.Arch == arch && strings.Contains(i.Name, "al2023-"+arch+"-standard") {
			newest = *i
		}
	}
	return newest
}

// enter puts an instance among those that there are.
func (w *World) enter(i *Instance) {
	if i.Spot {
		i.SpotRequest = "sir-" + digits(w.cfg.Seed, "sir", i.ID)[:8]
		i.SpotPrice = w.SpotPrice(i.Type, i.Zone, i.Launched)
	}
	w.instances[i.ID] = i
	w.order = append(w.order, i)
	w.Note("launch %s %s %s", i.ID, i.Offering(), i.ImageID)
}
