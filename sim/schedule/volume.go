package schedule

import "github.com/ullage-sh/ullage/cluster"

// Volumes are claims of one pod each, which are bound to volumes of the EBS driver: each takes
// one of a node's attachments, and one that has been made keeps its pod in its zone. (What
// several pods share, what is there before it is claimed and other drivers are not known here.)

// driver is whose attachments volumes count against.
const driver = cluster.AttachLimit + "ebs.csi.aws.com"

// attaching are the requests of a demand with the attachments that it takes.
func attaching(d *cluster.Demand) cluster.Resources {
	if len(d.Volumes) == 0 {
		return d.Requests
	}
	return d.Requests.Plus(cluster.Resources{{Name: driver, Value: int64(len(d.Volumes))}})
}

// Confine notes that the volume of a claim has been made in a zone, or is about to be.
func (c *Cache) Confine(namespace, claim, zone string) {
	c.zones[namespace+"/"+claim] = zone
	for key, k := range c.classes {
		for _, v := range key.demand.Volumes {
			if v.Claim == claim && key.identity.Namespace == namespace {
				k.zone, k.read = zone, -1 // look at all nodes again
			}
		}
	}
}

// reaches tells whether the volumes of a class can be used on a node.
func (k *class) reaches(n *node) bool {
	return k.zone == "" || n.rec.Labels[cluster.LabelZone] == k.zone
}
