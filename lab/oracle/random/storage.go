package random

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	storagehelpers "k8s.io/component-helpers/storage/volume"

	"github.com/ullage-sh/ullage/lab/oracle"
)

// drivers whose volumes nodes attach.
var drivers = []string{"ebs.csi.aws.com", "fsx.csi.aws.com"}

// storage makes storage classes, volumes and claims for pods to use.
func (m *maker) storage() {
	if m.chance(40) {
		return
	}
	m.storageClasses()
	for range m.r.IntN(4) {
		m.freeVolume()
	}
	for range m.between(1, 5) {
		m.claim(m.name("claim"), pick(m, namespaces...))
	}
}

func (m *maker) storageClasses() {
	add := func(name, provisioner string, mode storagev1.VolumeBindingMode, zones ...string) {
		c := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: provisioner, VolumeBindingMode: &mode}
		if len(zones) > 0 {
			c.AllowedTopologies = []corev1.TopologySelectorTerm{{MatchLabelExpressions: []corev1.TopologySelectorLabelRequirement{{
				Key: pick(m, corev1.LabelTopologyZone, "topology.ebs.csi.aws.com/zone"), Values: zones}}}}
		}
		m.o.StorageClasses = append(m.o.StorageClasses, c)
	}
	add("wait", drivers[0], storagev1.VolumeBindingWaitForFirstConsumer)
	add("zonal", pick(m, drivers...), storagev1.VolumeBindingWaitForFirstConsumer, pick(m, zones...), pick(m, zones...))
	add("now", drivers[0], storagev1.VolumeBindingImmediate)
	add("local", "kubernetes.io/no-provisioner", storagev1.VolumeBindingWaitForFirstConsumer)
	if m.chance(30) {
		add("old", "kubernetes.io/aws-ebs", storagev1.VolumeBindingWaitForFirstConsumer)
	}
	for _, d := range drivers {
		if m.chance(30) {
			tells := m.chance(80)
			m.o.CSIDrivers = append(m.o.CSIDrivers, &storagev1.CSIDriver{ObjectMeta: metav1.ObjectMeta{Name: d}, Spec: storagev1.CSIDriverSpec{StorageCapacity: &tells}})
		}
	}
	for range m.r.IntN(5) {
		m.capacity()
	}
}

// capacity is room for volumes on some nodes.
func (m *maker) capacity() {
	c := &storagev1.CSIStorageCapacity{ObjectMeta: m.meta(m.name("capacity"), "kube-system"), StorageClassName: pick(m, "wait", "wait", "zonal", "old")}
	size := func() *resource.Quantity {
		return resource.NewQuantity(int64(m.between(0, 9)*64)<<20, resource.BinarySI)
	}
	if m.chance(85) {
		c.Capacity = size()
	}
	if m.chance(20) {
		c.MaximumVolumeSize = size()
	}
	switch m.r.IntN(10) {
	case 0:
	case 1:
		c.NodeTopology = &metav1.LabelSelector{}
	default:
		c.NodeTopology = &metav1.LabelSelector{MatchLabels: map[string]string{pick(m, corev1.LabelTopologyZone, "topology.ebs.csi.aws.com/zone"): pick(m, zones...)}}
	}
	m.o.StorageCapacities = append(m.o.StorageCapacities, c)
}

// freeVolume is one that nobody has claimed. Sizes differ, because among equals the
// scheduler takes any.
func (m *maker) freeVolume() {
	v := m.unclaimed(pick(m, "local", "local", "wait"))
	v.Spec.Capacity[corev1.ResourceStorage] = *resource.NewQuantity(int64(m.between(1, 9)*64+m.names)<<20, resource.BinarySI)
	v.Status.Phase = corev1.VolumeAvailable
	if m.chance(10) {
		v.Status.Phase = corev1.VolumeReleased
	}
	if m.chance(15) {
		mode := corev1.PersistentVolumeBlock
		v.Spec.VolumeMode = &mode
	}
	if m.chance(15) {
		attributes := "fast"
		v.Spec.VolumeAttributesClassName = &attributes
	}
	if m.chance(8) {
		now := metav1.Unix(1_700_000_000, 0)
		v.DeletionTimestamp = &now
	}
	m.o.PersistentVolumes = append(m.o.PersistentVolumes, v)
}

// unclaimed is a volume that is there before its claim. Its driver is that of its
// class: the scheduler takes it to be, until it is bound.
func (m *maker) unclaimed(class string) *corev1.PersistentVolume {
	v := m.volume(m.name("volume"), class)
	v.Spec.CSI, v.Spec.AWSElasticBlockStore, v.Spec.NFS, v.Spec.Local = nil, nil, nil, nil
	for _, c := range m.o.StorageClasses {
		switch {
		case c.Name != class:
		case slices.Contains(drivers, c.Provisioner):
			v.Spec.CSI = &corev1.CSIPersistentVolumeSource{Driver: c.Provisioner, VolumeHandle: "handle-" + v.Name}
		case c.Provisioner == "kubernetes.io/aws-ebs":
			v.Spec.AWSElasticBlockStore = &corev1.AWSElasticBlockStoreVolumeSource{VolumeID: "vol-" + v.Name}
		}
	}
	if v.Spec.CSI == nil && v.Spec.AWSElasticBlockStore == nil {
		v.Spec.Local = &corev1.LocalVolumeSource{Path: "/mnt"}
	}
	return v
}

// volume is a volume of some kind, reachable from some nodes.
func (m *maker) volume(name, class string) *corev1.PersistentVolume {
	v := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{}}}
	v.Spec.StorageClassName = class
	v.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
	if m.chance(50) {
		v.Spec.AccessModes = append(v.Spec.AccessModes, corev1.ReadWriteMany)
	}
	v.Spec.Capacity = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}
	zone := pick(m, zones...)
	switch n := m.r.IntN(100); {
	case n < 70:
		v.Spec.CSI = &corev1.CSIPersistentVolumeSource{Driver: pick(m, drivers...), VolumeHandle: "handle-" + name}
		if m.chance(10) { // a file system that several volumes stand for
			v.Spec.CSI.VolumeHandle = "shared"
		}
	case n < 80:
		v.Spec.AWSElasticBlockStore = &corev1.AWSElasticBlockStoreVolumeSource{VolumeID: "aws://" + zone + "/vol-" + name}
	case n < 90:
		v.Spec.NFS = &corev1.NFSVolumeSource{Server: "nfs.example.com", Path: "/"}
	default:
		v.Spec.Local = &corev1.LocalVolumeSource{Path: "/mnt"}
	}
	switch m.r.IntN(5) {
	case 0, 1:
		m.reachable(v, m.oneOf(pick(m, corev1.LabelTopologyZone, "topology.ebs.csi.aws.com/zone"), zones...))
	case 2:
		m.reachable(v, corev1.NodeSelectorRequirement{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{"node-" + strconv.Itoa(m.r.IntN(4))}})
	}
	if m.chance(35) {
		v.Labels[pick(m, corev1.LabelTopologyZone, corev1.LabelFailureDomainBetaZone)] = pick(m, zone, zone, zone+"__"+pick(m, zones...), "", "zone-a____zone-b")
	}
	if m.chance(10) {
		v.Labels[corev1.LabelTopologyRegion] = pick(m, "north", "south")
	}
	if m.chance(30) {
		v.Labels["tier"] = pick(m, "front", "back")
	}
	return v
}

// reachable restricts the nodes that can use a volume, to one or another term.
func (m *maker) reachable(v *corev1.PersistentVolume, r corev1.NodeSelectorRequirement) {
	terms := []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{r}}}
	if m.chance(20) {
		terms = append(terms, corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{m.oneOf("rack", "1", "2", "3")}})
	}
	v.Spec.NodeAffinity = &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: terms}}
}

// claim makes a claim in one of the states that a claim can be in.
func (m *maker) claim(name, namespace string) *corev1.PersistentVolumeClaim {
	c := &corev1.PersistentVolumeClaim{ObjectMeta: m.meta(name, namespace)}
	c.Annotations = map[string]string{}
	class := pick(m, "wait", "wait", "zonal", "local", "old")
	c.Spec.StorageClassName = &class
	c.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{pick(m, corev1.ReadWriteOnce, corev1.ReadWriteOnce, corev1.ReadWriteMany, corev1.ReadWriteOncePod)}
	c.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: *resource.NewQuantity(int64(m.between(1, 6))<<26, resource.BinarySI)}
	c.Status.Phase = corev1.ClaimPending
	switch n := m.r.IntN(100); {
	case n < 50:
		m.bind(c)
	case n < 54:
		m.bind(c)
		c.Status.Phase = corev1.ClaimLost
	case n < 58: // kept for a volume that has not been told yet
		m.bind(c)
		delete(c.Annotations, storagehelpers.AnnBindCompleted)
		c.Status.Phase = corev1.ClaimPending
	case n < 61: // its volume is gone, and nobody has noticed
		c.Spec.VolumeName, c.Status.Phase = "missing", corev1.ClaimBound
		c.Annotations[storagehelpers.AnnBindCompleted] = "yes"
	case n < 65:
		class = pick(m, "now", "none", "")
	case n < 69 && !m.opt.Workloads: // where it is being made changes under a plan's hands
		c.Annotations[storagehelpers.AnnSelectedNode] = "node-" + strconv.Itoa(m.r.IntN(3))
	case n < 72:
		m.reserve(c)
	case n < 80:
		c.Spec.Selector = m.selector()
	case n < 84:
		mode := corev1.PersistentVolumeBlock
		c.Spec.VolumeMode = &mode
	case n < 88:
		attributes := "fast"
		c.Spec.VolumeAttributesClassName = &attributes
	}
	if m.chance(5) {
		now := metav1.Unix(1_700_000_000, 0)
		c.DeletionTimestamp = &now
	}
	m.o.PersistentVolumeClaims = append(m.o.PersistentVolumeClaims, c)
	return c
}

// bind gives a claim a volume of its own.
func (m *maker) bind(c *corev1.PersistentVolumeClaim) {
	v := m.volume(m.name("volume"), *c.Spec.StorageClassName)
	v.Spec.AccessModes = c.Spec.AccessModes
	m.o.PersistentVolumes = append(m.o.PersistentVolumes, v)
	oracle.Bound(c, v)
}

// reserve keeps a volume for a claim that does not know of it.
func (m *maker) reserve(c *corev1.PersistentVolumeClaim) {
	v := m.unclaimed(*c.Spec.StorageClassName)
	v.Spec.ClaimRef = &corev1.ObjectReference{Kind: "PersistentVolumeClaim", Namespace: c.Namespace, Name: c.Name}
	v.Status.Phase = pick(m, corev1.VolumeAvailable, corev1.VolumePending)
	m.o.PersistentVolumes = append(m.o.PersistentVolumes, v)
}

// volumes gives a pod volumes. Which of several waiting pods gets a claim that only
// one may use is a choice, and one that is named twice by a pod while it waits is
// looked up twice by the scheduler: neither has a right answer, so it is not asked.
func (m *maker) volumes(p *corev1.Pod, percent int) {
	var claims []string
	for _, c := range m.o.PersistentVolumeClaims {
		exclusive := c.Spec.AccessModes[0] == corev1.ReadWriteOncePod
		if c.Namespace == p.Namespace && len(c.OwnerReferences) == 0 && (!exclusive || !m.taken[c.Name] || p.Spec.NodeName != "") {
			claims = append(claims, c.Name)
		}
	}
	for i := 0; m.binds(percent) && len(m.o.StorageClasses) > 0; i++ {
		v := corev1.Volume{Name: "data-" + strconv.Itoa(i)}
		switch {
		case m.chance(15):
			m.ephemeral(p, &v)
		case len(claims) > 0:
			i := m.r.IntN(len(claims))
			v.PersistentVolumeClaim = &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claims[i]}
			m.taken[claims[i]] = m.taken[claims[i]] || p.Spec.NodeName == ""
			claims = slices.Delete(claims, i, i+1)
		case m.chance(20):
			v.PersistentVolumeClaim = &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "missing"}
		default:
			v.CSI = &corev1.CSIVolumeSource{Driver: "secrets-store.csi.k8s.io"}
		}
		p.Spec.Volumes = append(p.Spec.Volumes, v)
	}
}

// ephemeral makes a volume whose claim is made for the pod; the claim may be missing
// yet, or be somebody else's.
func (m *maker) ephemeral(p *corev1.Pod, v *corev1.Volume) {
	v.Ephemeral = &corev1.EphemeralVolumeSource{VolumeClaimTemplate: &corev1.PersistentVolumeClaimTemplate{}}
	if m.chance(10) {
		return
	}
	c := m.claim(p.Name+"-"+v.Name, p.Namespace)
	m.taken[c.Name] = p.Spec.NodeName == ""
	if strings.HasPrefix(p.Name, "bound") || !m.chance(8) { // no kubelet would have started the pod otherwise
		yes := true
		c.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: p.Name, UID: p.UID, Controller: &yes}}
	}
}

// attachments hang volumes on nodes, with or without a pod that uses them.
func (m *maker) attachments() {
	for _, v := range m.o.PersistentVolumes {
		if len(m.o.Nodes) == 0 || !m.chance(12) {
			continue
		}
		name := v.Name
		a := &storagev1.VolumeAttachment{ObjectMeta: metav1.ObjectMeta{Name: "attachment-" + name}}
		a.Spec.Attacher, a.Spec.NodeName, a.Spec.Source.PersistentVolumeName = drivers[0], pick(m, m.o.Nodes...).Name, &name
		if v.Spec.CSI != nil {
			a.Spec.Attacher = v.Spec.CSI.Driver
		}
		m.o.VolumeAttachments = append(m.o.VolumeAttachments, a)
	}
}
