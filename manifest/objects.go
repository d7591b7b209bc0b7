package manifest

import (
	"errors"
	"maps"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	resourcev1 "k8s.io/api/resource/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	schedulingv1alpha2 "k8s.io/api/scheduling/v1alpha2"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	autoscalingv1beta1 "sigs.k8s.io/karpenter/pkg/apis/autoscaling/v1beta1"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	karpv1alpha1 "sigs.k8s.io/karpenter/pkg/apis/v1alpha1"

	"github.com/ullage-sh/ullage/api/legacy/v1alpha5"
	"github.com/ullage-sh/ullage/api/v1alpha1"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/kube"
)

// Objects returns everything that was added as records. Its error is an [Errors].
// Nothing may be added afterwards.
func (c *Collector) Objects() (*Objects, error) {
	a := c.admission()
	for _, key := range slices.Sorted(maps.Keys(c.kept)) {
		h := c.kept[key]
		if _, spec := podOf(h.object); spec != nil {
			if err := a.pod(h.object.GetNamespace(), spec); err != nil {
				c.fail(h.at, h.object, "spec", err)
			}
		}
	}
	out := &Objects{}
	out.Pods = c.allPods()
	var loose []*cluster.PersistentVolumeClaim
	for _, key := range slices.Sorted(maps.Keys(c.kept)) {
		h := c.kept[key]
		c.record(out, h)
		if claim, ok := h.object.(*corev1.PersistentVolumeClaim); ok && fromFile(claim) && claim.Spec.VolumeName == "" {
			loose = append(loose, out.PersistentVolumeClaims[len(out.PersistentVolumeClaims)-1])
		}
	}
	c.settleStorage(out, loose)
	out.Namespaces = c.namespaces(out.Pods)
	for _, text := range slices.Sorted(maps.Keys(a.missing)) {
		c.note("%s", text)
	}
	c.noteAside(out)
	if len(c.mistakes) > 0 {
		return nil, c.mistakes
	}
	out.Region = regionOf(out.Nodes)
	out.Notes = c.notes
	return out, nil
}

// record files an object that is not a pod and makes none but a DaemonSet's.
func (c *Collector) record(out *Objects, h held) {
	switch o := h.object.(type) {
	case *appsv1.DaemonSet:
		o.UID = types.UID(c.uid(o))
		out.Daemons = append(out.Daemons, c.convert.DaemonSet(o))
	case *corev1.Node:
		n := kube.Node(o)
		if fromFile(o) && len(o.Status.Conditions) == 0 {
			n.Ready = true // somebody wrote it down to plan with it
		}
		out.Nodes = append(out.Nodes, n)
	case *karpv1.NodePool:
		c.pool(out, h, kube.NodePool(o))
	case *v1alpha5.Provisioner:
		p := kube.Provisioner(o)
		c.pool(out, h, p)
		if p.Ignored != "" {
			c.note("Provisioner %s: not counted: %s", o.Name, p.Ignored)
		}
	case *v1alpha1.NodeGroup:
		c.pool(out, h, kube.NodeGroup(o))
	case *v1alpha1.FargateProfile:
		c.pool(out, h, kube.FargateProfile(o))
	case *karpv1alpha1.NodeOverlay:
		overlay, err := kube.NodeOverlay(o)
		switch {
		case err == nil:
			out.Overlays = append(out.Overlays, overlay)
		case fromFile(o):
			c.fail(h.at, o, "", err)
		default:
			c.note("NodeOverlay %s is not used: %s", o.Name, err)
		}
	case *karpv1.NodeClaim:
		out.Claims = append(out.Claims, kube.NodeClaim(o))
	case *corev1.PersistentVolumeClaim:
		out.PersistentVolumeClaims = append(out.PersistentVolumeClaims, kube.PersistentVolumeClaim(o))
	case *corev1.PersistentVolume:
		out.PersistentVolumes = append(out.PersistentVolumes, kube.PersistentVolume(o))
	case *autoscalingv1beta1.CapacityBuffer:
		c.buffer(out, o)
	case *policyv1.PodDisruptionBudget:
		out.Budgets = append(out.Budgets, kube.PodDisruptionBudget(o))
	case *storagev1.StorageClass:
		out.StorageClasses = append(out.StorageClasses, kube.StorageClass(o))
	case *storagev1.CSINode:
		out.CSINodes = append(out.CSINodes, kube.CSINode(o))
	case *storagev1.CSIDriver:
		out.CSIDrivers = append(out.CSIDrivers, kube.CSIDriver(o))
	case *storagev1.CSIStorageCapacity:
		out.StorageCapacities = append(out.StorageCapacities, kube.CSIStorageCapacity(o))
	case *storagev1.VolumeAttachment:
		out.Attachments = append(out.Attachments, kube.VolumeAttachment(o))
	case *resourcev1.ResourceClaim:
		out.ResourceClaims = append(out.ResourceClaims, kube.ResourceClaim(o))
	case *resourcev1.ResourceSlice:
		out.ResourceSlices = append(out.ResourceSlices, kube.ResourceSlice(o))
	case *resourcev1.DeviceClass:
		out.DeviceClasses = append(out.DeviceClasses, kube.DeviceClass(o))
	case *schedulingv1alpha2.PodGroup:
		out.Gangs = append(out.Gangs, kube.PodGroup(o))
	case *unstructured.Unstructured:
		if o.GroupVersionKind() == kube.CoschedulingPodGroup {
			out.Gangs = append(out.Gangs, kube.PodGroupOfPlugin(o))
			return
		}
		class, err := classOf(o)
		if err != nil {
			c.fail(h.at, o, "spec", err)
			return
		}
		out.Classes = append(out.Classes, class)
	}
}

// pool files a pool. Pools of different kinds that share a name could not be told
// apart in a plan.
func (c *Collector) pool(out *Objects, h held, p *cluster.Pool) {
	if p.Invalid != "" && fromFile(h.object) {
		c.fail(h.at, h.object, "spec", errors.New(p.Invalid))
	}
	if slices.ContainsFunc(out.Pools, func(q *cluster.Pool) bool { return q.Name == p.Name }) {
		c.fail(h.at, h.object, "metadata.name", errors.New("a pool of another kind has the same name"))
	}
	out.Pools = append(out.Pools, p)
}

func (c *Collector) admission() *admission {
	a := &admission{
		runtimes: map[string]*nodev1.RuntimeClass{}, priorities: map[string]*schedulingv1.PriorityClass{},
		limits: map[string][]*corev1.LimitRange{}, missing: map[string]bool{},
	}
	for _, key := range slices.Sorted(maps.Keys(c.kept)) {
		switch o := c.kept[key].object.(type) {
		case *nodev1.RuntimeClass:
			a.runtimes[o.Name] = o
		case *schedulingv1.PriorityClass:
			a.priorities[o.Name] = o
		case *corev1.LimitRange:
			a.limits[o.Namespace] = append(a.limits[o.Namespace], o)
		}
	}
	return a
}

// namespaces returns those in the input and those that pods are in. Each has its
// name as a label, which is what most selectors of namespaces go by.
func (c *Collector) namespaces(pods []*cluster.Pod) []*cluster.Namespace {
	byName := map[string]*corev1.Namespace{}
	for _, p := range pods {
		if byName[p.Namespace] == nil {
			byName[p.Namespace] = &corev1.Namespace{}
			byName[p.Namespace].Name = p.Namespace
		}
	}
	for _, h := range c.kept {
		if n, ok := h.object.(*corev1.Namespace); ok {
			byName[n.Name] = n
		}
	}
	var out []*cluster.Namespace
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		n := byName[name]
		labels := map[string]string{corev1.LabelMetadataName: name}
		maps.Copy(labels, n.Labels)
		n.Labels = labels
		out = append(out, kube.Namespace(n))
	}
	return out
}

// regionOf is the region that all nodes name that name one, "" if they differ.
func regionOf(nodes []*cluster.Node) string {
	region := ""
	for _, n := range nodes {
		switch r := n.Labels[cluster.LabelRegion]; {
		case r == "" || r == region:
		case region == "":
			region = r
		default:
			return ""
		}
	}
	return region
}

// noteAside tells which pods a plan leaves alone.
func (c *Collector) noteAside(out *Objects) {
	known := map[string]bool{}
	for _, n := range out.Nodes {
		known[n.Name] = true
	}
	gated, nominated, elsewhere := 0, 0, 0
	for _, p := range out.Pods {
		switch {
		case p.Terminal() || p.Deleting():
		case p.Node != "" && !known[p.Node]:
			elsewhere++
		case p.Node == "" && p.Gated:
			gated++
		case p.Node == "" && p.Nominated != "":
			nominated++
		}
	}
	tell := func(n int, one, many string) {
		switch {
		case n == 1:
			c.note("%s", "1 pod "+one)
		case n > 1:
			c.note("%s", strconv.Itoa(n)+" pods "+many)
		}
	}
	tell(gated, "has scheduling gates and is not planned for", "have scheduling gates and are not planned for")
	tell(nominated, "waits for others to make room on the node that it is nominated for, and is not planned for",
		"wait for others to make room on the nodes that they are nominated for, and are not planned for")
	tell(elsewhere, "runs on a node that is not in the input", "run on nodes that are not in the input")
	if len(out.Budgets) > 0 {
		c.note("PodDisruptionBudgets say which pods may be moved; a plan moves none, so they change nothing")
	}
	if len(out.Gangs) > 0 {
		c.note("PodGroups say which pods run together or not at all; a plan finds a place for each pod by itself")
	}
}
