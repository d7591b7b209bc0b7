package cluster

// Gang is a group of pods that run together or not at all: a PodGroup of Kubernetes
// (KEP-4671) or of the coscheduling plugin.
type Gang struct {
	// Group is the API group of the PodGroup: [PodGroups] or [Coscheduling].
	Group, Namespace, Name string
	Revision               string
	// Least is how many of its pods must have a place before any of them runs; 1 or less
	// for a group whose pods come one by one.
	Least int
}

// API groups of PodGroups.
const (
	PodGroups    = "scheduling.k8s.io"
	Coscheduling = "scheduling.x-k8s.io"
)

// ID is what [Pod.Gang] names it by.
func (g *Gang) ID() string { return GangID(g.Group, g.Namespace, g.Name) }

// GangID is "group/namespace/name": PodGroups of two API groups may have one name.
func GangID(group, namespace, name string) string { return group + "/" + namespace + "/" + name }
