package kube

import (
	"reflect"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/ullage-sh/ullage/cluster"
)

func read[T any](t *testing.T, text string) *T {
	t.Helper()
	out := new(T)
	if err := yaml.UnmarshalStrict([]byte(text), out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPersistentVolume(t *testing.T) {
	got := PersistentVolume(read[corev1.PersistentVolume](t, `
metadata: {name: pv, resourceVersion: "7", labels: {topology.kubernetes.io/zone: b__a, failure-domain.beta.kubernetes.io/region: r, topology.kubernetes.io/region: r__}}
spec:
  capacity: {storage: 1.5Gi}
  storageClassName: gp3
  accessModes: [ReadWriteOnce, ReadOnlyMany]
  volumeMode: Block
  volumeAttributesClassName: gold
  csi: {driver: ebs.csi.aws.com, volumeHandle: vol-1}
  claimRef: {namespace: default, name: data-0}
  nodeAffinity:
    required:
      nodeSelectorTerms:
      - {}
      - matchExpressions: [{key: topology.ebs.csi.aws.com/zone, operator: In, values: [b, a]}]
      - matchFields: [{key: metadata.name, operator: In, values: [n1]}]
      - matchExpressions: [{key: rack, operator: Near}]
status: {phase: Bound}`))
	want := &cluster.PersistentVolume{
		Name: "pv", Revision: "7", Driver: "ebs.csi.aws.com", Handle: "vol-1", StorageClass: "gp3", Size: 3 << 29, Claim: "default/data-0",
		Kind:     cluster.VolumeKind{Modes: []string{"ReadOnlyMany", "ReadWriteOnce"}, Block: true, Attributes: "gold"},
		Labels:   cluster.Labels{"topology.kubernetes.io/zone": "b__a", "failure-domain.beta.kubernetes.io/region": "r", "topology.kubernetes.io/region": "r__"},
		Affinity: []cluster.Term{{{Key: cluster.LabelZone, Operator: cluster.In, Values: []string{"a", "b"}}}, {}},
		Zones: cluster.Term{
			{Key: cluster.LabelRegion, Operator: cluster.In, Values: []string{"r"}},
			{Key: cluster.LabelZone, Operator: cluster.In, Values: []string{"a", "b"}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	old := PersistentVolume(read[corev1.PersistentVolume](t, `
spec: {awsElasticBlockStore: {volumeID: "aws://a/vol-2"}}
status: {phase: Available}`))
	if old.Driver != "ebs.csi.aws.com" || old.Handle != "vol-2" || old.Affinity != nil || !old.Available || !old.Migrated {
		t.Errorf("a volume from before CSI became %+v", old)
	}
}

func TestPersistentVolumeClaim(t *testing.T) {
	got := PersistentVolumeClaim(read[corev1.PersistentVolumeClaim](t, `
metadata: {namespace: default, name: data-0, resourceVersion: "7", deletionTimestamp: "2026-11-20T10:00:00Z", annotations: {volume.kubernetes.io/selected-node: n1, volume.beta.kubernetes.io/storage-class: old}, ownerReferences: [{kind: Pod, name: p, uid: u, controller: true}]}
spec: {volumeName: pv, storageClassName: new, accessModes: [ReadWriteOncePod], selector: {matchLabels: {tier: a}}, resources: {requests: {storage: 10Gi}}}
status: {phase: Lost}`))
	want := &cluster.PersistentVolumeClaim{
		Namespace: "default", Name: "data-0", Revision: "7", Volume: "pv", Binding: true, StorageClass: "old", SelectedNode: "n1",
		Size: 10 << 30, Exclusive: true, Deleting: true, Lost: true, Controller: "u",
		Kind: cluster.VolumeKind{Modes: []string{"ReadWriteOncePod"}}, Labels: cluster.Term{{Key: "tier", Operator: cluster.In, Values: []string{"a"}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestStorageClass(t *testing.T) {
	got := StorageClass(read[storagev1.StorageClass](t, `
metadata: {name: gp2, resourceVersion: "7", annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
provisioner: kubernetes.io/aws-ebs
volumeBindingMode: WaitForFirstConsumer
allowedTopologies:
- {}
- matchLabelExpressions: [{key: failure-domain.beta.kubernetes.io/zone, values: [b, a]}]
- matchLabelExpressions: [{key: zone, values: []}]`))
	want := &cluster.StorageClass{
		Name: "gp2", Revision: "7", Provisioner: "ebs.csi.aws.com", WaitForConsumer: true, Default: true, Migrated: true,
		Topologies: []cluster.Term{{{Key: cluster.LabelZone, Operator: cluster.In, Values: []string{"a", "b"}}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if none := StorageClass(read[storagev1.StorageClass](t, `allowedTopologies: [{}]`)); none.Topologies == nil {
		t.Error("a class that allows nothing allows everything")
	}
	if all := StorageClass(read[storagev1.StorageClass](t, `provisioner: x`)); all.Topologies != nil || all.WaitForConsumer {
		t.Errorf("a plain class became %+v", all)
	}
}

func TestCSINode(t *testing.T) {
	got := CSINode(read[storagev1.CSINode](t, `
metadata: {name: n1, resourceVersion: "7"}
spec: {drivers: [{name: z, nodeID: i, allocatable: {count: 25}}, {name: b, nodeID: i}, {name: a, nodeID: i, allocatable: {count: 0}}]}`))
	want := &cluster.CSINode{Name: "n1", Revision: "7", Limits: cluster.Resources{{Name: cluster.AttachLimit + "a"}, {Name: cluster.AttachLimit + "z", Value: 25}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestNamespace(t *testing.T) {
	got := Namespace(read[corev1.Namespace](t, `metadata: {name: a, resourceVersion: "7", labels: {team: x}}`))
	if want := (&cluster.Namespace{Name: "a", Revision: "7", Labels: cluster.Labels{"team": "x"}}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestNodeLabels: pods ask for the newer name of a label.
func TestNodeLabels(t *testing.T) {
	n := read[corev1.Node](t, `metadata: {labels: {failure-domain.beta.kubernetes.io/zone: a, beta.kubernetes.io/os: windows, kubernetes.io/os: linux}}`)
	labels := Node(n).Labels
	if labels[cluster.LabelZone] != "a" || labels[cluster.LabelOS] != "linux" || len(labels) != 4 {
		t.Errorf("got %v", labels)
	}
	if len(n.Labels) != 3 {
		t.Error("the labels of the object were written to")
	}
}

// TestDaemonSetDemand: what the controller adds to its pods is in the demand.
func TestDaemonSetDemand(t *testing.T) {
	ds := read[appsv1.DaemonSet](t, `
metadata: {namespace: kube-system, name: agent}
spec: {template: {metadata: {labels: {app: agent}}, spec: {containers: [{name: a, resources: {limits: {cpu: 100m}}}]}}}`)
	d := new(Converter).DaemonSet(ds).Demand
	if d.Requests.Get(cluster.CPU) != 100 {
		t.Errorf("requests %v", d.Requests)
	}
	if taint, bad := cluster.Untolerated([]cluster.Taint{{Key: corev1.TaintNodeNotReady, Effect: cluster.NoExecute}, {Key: corev1.TaintNodeUnschedulable, Effect: cluster.NoSchedule}}, d.Tolerations); bad {
		t.Errorf("does not tolerate %v", taint)
	}
}

// TestDaemonPodsShareADemand: each is tied to its node by name, and there are as
// many as nodes.
func TestDaemonPodsShareADemand(t *testing.T) {
	pod := func(affinity string) *corev1.Pod {
		p := podFrom(t, `affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: `+affinity+`}}}`)
		p.OwnerReferences = []metav1.OwnerReference{{Kind: "DaemonSet", Name: "agent", UID: "u", Controller: ptr.To(true)}}
		return p
	}
	var c Converter
	for _, template := range []string{"", "matchExpressions: [{key: a, operator: Exists}], "} {
		term := func(node string) string {
			return `[{` + template + `matchFields: [{key: metadata.name, operator: In, values: [` + node + `]}]}]`
		}
		a, b := c.Pod(pod(term("n1"))).Demand, c.Pod(pod(term("n2"))).Demand
		if a != b {
			t.Errorf("%q: two demands:\n%s\n%s", template, a.Key, b.Key)
		}
		if selects := a.Selects(cluster.Labels{}.Get); selects != (template == "") {
			t.Errorf("%q: selects a node without labels: %t", template, selects)
		}
	}
}

func TestCSIStorageCapacity(t *testing.T) {
	got := CSIStorageCapacity(read[storagev1.CSIStorageCapacity](t, `
metadata: {namespace: kube-system, name: room, resourceVersion: "7"}
storageClassName: fast
nodeTopology: {matchLabels: {topology.ebs.csi.aws.com/zone: a}}
capacity: 10Gi
maximumVolumeSize: 1Gi
`))
	want := &cluster.CSIStorageCapacity{
		Namespace: "kube-system", Name: "room", Revision: "7", StorageClass: "fast", Most: 1 << 30,
		Nodes: cluster.Term{{Key: cluster.LabelZone, Operator: cluster.In, Values: []string{"a"}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if none := CSIStorageCapacity(&storagev1.CSIStorageCapacity{}); none.Nodes != nil || none.Most >= 0 {
		t.Errorf("%+v can be used from somewhere", none)
	}
}
