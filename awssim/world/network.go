package world

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// Subnet is the share of the VPC that is in one zone.
type Subnet struct {
	ID, Zone, ZoneID, CIDR string
	// Free is how many private addresses are left in an empty account.
	Free int
}

// SecurityGroup of the VPC.
type SecurityGroup struct{ ID, Name, Description string }

// VPC is the identifier of the one network there is. It is the account's default one, so
// that instances can be run without naming a subnet.
func (w *World) VPC() string { return w.fixedID("vpc-", "vpc") }

// VPCCIDR is the network's block. AWS's are no larger than /16; the machine room gives
// out addresses from all of 10.0.0.0/8, each zone its own share.
const VPCCIDR = "10.0.0.0/8"

// layNetwork makes a subnet a zone and the security groups that an EKS cluster has.
func (w *World) layNetwork() {
	zones := w.cloud.Zones()
	// As the machine room divides them: 256 shares of 10/8. Where the number of zones is no
	// power of two, a block cannot say which shares exactly; it then has those of its
	// zone's beginning.
	share := 256 / len(zones)
	size := bits.Len(uint(share)) - 1
	for i, zone := range zones {
		s := Subnet{
			ID: w.fixedID("subnet-", zone), Zone: zone, ZoneID: zoneID(w.cfg.Region, i+1),
			CIDR: fmt.Sprintf("10.%d.0.0/%d", i*share, 16-size), Free: 1<<(16+size) - 5,
		}
		w.subnets = append(w.subnets, s)
		w.SetTags(s.ID, map[string]string{
			"Name": w.cfg.Cluster + "-private-" + zone, "karpenter.sh/discovery": w.cfg.Cluster,
			"kubernetes.io/cluster/" + w.cfg.Cluster: "shared", "kubernetes.io/role/internal-elb": "1",
		})
	}
	for _, name := range []string{"node", "control-plane"} {
		g := SecurityGroup{w.fixedID("sg-", name), w.cfg.Cluster + "-" + name, "EKS " + name + " of " + w.cfg.Cluster}
		w.groups = append(w.groups, g)
		w.SetTags(g.ID, map[string]string{"Name": g.Name, "kubernetes.io/cluster/" + w.cfg.Cluster: "owned"})
	}
	w.SetTags(w.groups[0].ID, map[string]string{"karpenter.sh/discovery": w.cfg.Cluster, "aws:eks:cluster-name": w.cfg.Cluster})
	w.groups = append(w.groups, SecurityGroup{w.fixedID("sg-", "default"), "default", "default VPC security group"})
	w.SetTags(w.VPC(), map[string]string{"Name": w.cfg.Cluster})
}

// zoneID is a zone's identifier across accounts: usw2-az1.
func zoneID(region string, number int) string {
	parts := strings.Split(region, "-")
	short := parts[0]
	for _, p := range parts[1:] {
		for _, side := range []string{"north", "south", "east", "west", "central"} {
			if rest, ok := strings.CutPrefix(p, side); ok {
				short, p = short+side[:1], rest
			}
		}
		short += p[:min(len(p), 1)]
	}
	return fmt.Sprintf("%s-az%d", short, number)
}

// Subnets lists the subnets by zone.
func (w *World) Subnets() []Subnet { return slices.Clone(w.subnets) }

// SecurityGroups lists the security groups; the first is the nodes'.
func (w *World) SecurityGroups() []SecurityGroup { return slices.Clone(w.groups) }

// Subnet finds a subnet by id.
func (w *World) Subnet(id string) (Subnet, bool) {
	i := slices.IndexFunc(w.subnets, func(s Subnet) bool { return s.ID == id })
	if i < 0 {
		return Subnet{}, false
	}
	return w.subnets[i], true
}

// SubnetOf is the subnet of a zone.
func (w *World) SubnetOf(zone string) (Subnet, bool) {
	i := slices.IndexFunc(w.subnets, func(s Subnet) bool { return s.Zone == zone })
	if i < 0 {
		return Subnet{}, false
	}
	return w.subnets[i], true
}

// FreeAddresses is how many private addresses a subnet has left.
func (w *World) FreeAddresses(s Subnet) int {
	taken := 0
	for _, i := range w.order {
		if i.Terminated == 0 && i.SubnetID == s.ID {
			taken++
		}
	}
	return s.Free - taken
}
