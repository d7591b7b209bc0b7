package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

var dumpFile = flag.String("dump", "", "file to which TestDump writes its dump, to look at what is planned for it")

// town is what "kubectl get all,nodes,… -A -o json" prints of a busy cluster.
type town struct {
	objects []object
	// waiting pods, and pods that are wanted and not there yet.
	waiting int
	// free millicores of each node, and the node that a pod was put on last.
	free [townNodes]int
	last int
}

// Numbers of what is in a town. Of each Deployment 18 pods are wanted: 14 run, 3 wait,
// one is not there yet; of each StatefulSet four pods run and one waits.
const (
	townObjects  = 5000
	townNodes    = 200
	deployments  = 160
	statefulSets = 30
)

var townZones = []string{"us-east-1a", "us-east-1b", "us-east-1c"}

// newTown makes the dump, always the same one.
func newTown() *town {
	w := &town{}
	for i := range 20 {
		w.add("v1", "Namespace", "", fmt.Sprintf("team-%d", i), object{"metadata": object{"labels": object{"tier": fmt.Sprintf("t%d", i%3)}}})
	}
	w.add("storage.k8s.io/v1", "StorageClass", "", "gp3", object{"provisioner": "ebs.csi.aws.com", "volumeBindingMode": "WaitForFirstConsumer"})
	w.add("scheduling.k8s.io/v1", "PriorityClass", "", "batch", object{"value": -10})
	w.add("karpenter.k8s.aws/v1", "EC2NodeClass", "", "default", object{"spec": object{}, "status": object{"subnets": []object{
		{"id": "subnet-a", "zone": townZones[0]}, {"id": "subnet-b", "zone": townZones[1]}, {"id": "subnet-c", "zone": townZones[2]}}}})
	w.add("karpenter.sh/v1", "NodePool", "", "general", object{"spec": object{"template": object{"spec": object{
		"nodeClassRef": object{"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "default"},
		"requirements": []object{
			{"key": "karpenter.sh/capacity-type", "operator": "In", "values": []string{"on-demand"}},
			{"key": "kubernetes.io/arch", "operator": "In", "values": []string{"amd64"}},
			{"key": "karpenter.k8s.aws/instance-family", "operator": "In", "values": []string{"c6i", "m6i", "r6i"}},
		}}}}})
	w.add("apps/v1", "DaemonSet", "kube-system", "agent", object{"spec": object{"selector": object{"matchLabels": object{"app": "agent"}},
		"template": object{"metadata": object{"labels": object{"app": "agent"}}, "spec": with(spec(0), "tolerations", []object{{"operator": "Exists"}})}}})
	for i := range townNodes {
		w.node(i)
	}
	for i := range deployments {
		w.deployment(i)
	}
	for i := range statefulSets {
		w.statefulSet(i)
	}
	for i := len(w.objects); i < townObjects; i++ {
		kinds := []string{"Secret", "ConfigMap", "ServiceAccount", "Endpoints"}
		w.add("v1", kinds[i%4], "team-0", fmt.Sprintf("thing-%d", i), nil)
	}
	return w
}

// add adds an object; more is merged into it, its metadata into that of the object.
func (w *town) add(version, kind, namespace, name string, more object) {
	o := object{"apiVersion": version, "kind": kind}
	meta := object{"name": name, "uid": uid(kind, namespace, name), "resourceVersion": "1"}
	if namespace != "" {
		meta["namespace"] = namespace
	}
	for k, v := range more {
		if k != "metadata" {
			o[k] = v
		}
	}
	if m, ok := more["metadata"].(object); ok {
		for k, v := range m {
			meta[k] = v
		}
	}
	o["metadata"] = meta
	w.objects = append(w.objects, o)
}

func uid(kind, namespace, name string) string { return "uid-" + kind + "-" + namespace + "-" + name }

func with(o object, key string, value any) object {
	o[key] = value
	return o
}

// cpu is the request of the i-th pod spec, in millicores.
func cpu(i int) int { return 100 + 50*(i%8) }

// spec is the i-th of forty pod specs.
func spec(i int) object {
	return object{"containers": []object{{"name": "c", "image": "registry.example.com/app:1",
		"resources": object{"requests": object{"cpu": fmt.Sprintf("%dm", cpu(i)), "memory": fmt.Sprintf("%dMi", 128+64*(i%10))}}}}}
}

// owned is the metadata of what a controller made.
func owned(kind, namespace, name string, labels object) object {
	return object{"labels": labels, "ownerReferences": []object{{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid(kind, namespace, name), "controller": true}}}
}

// seat finds a node with room for a pod that runs, the next after the one before.
func (w *town) seat(milli int) int {
	for range townNodes {
		w.last = (w.last + 1) % townNodes
		if w.free[w.last] >= milli {
			w.free[w.last] -= milli
			return w.last
		}
	}
	panic("the town has more pods than its nodes hold")
}

// node is a node with its storage driver and the agent on it. Every tenth is
// cordoned.
func (w *town) node(i int) {
	w.free[i] = 3920 - cpu(0)
	name, zone := fmt.Sprintf("node-%d", i), townZones[i%3]
	labels := object{"topology.kubernetes.io/region": "us-east-1", "topology.kubernetes.io/zone": zone, "kubernetes.io/hostname": name,
		"node.kubernetes.io/instance-type": "m6i.xlarge", "karpenter.sh/capacity-type": "on-demand", "kubernetes.io/arch": "amd64",
		"kubernetes.io/os": "linux", "karpenter.sh/nodepool": "general"}
	provider := "aws:///" + zone + "/i-" + name
	nodeSpec := object{"providerID": provider}
	if i%10 == 9 {
		nodeSpec["unschedulable"] = true
	}
	w.add("v1", "Node", "", name, object{"metadata": object{"labels": labels}, "spec": nodeSpec, "status": object{
		"capacity": object{"cpu": "4", "memory": "16Gi", "pods": "58"}, "allocatable": object{"cpu": "3920m", "memory": "14Gi", "pods": "58"},
		"conditions": []object{{"type": "Ready", "status": "True"}}}})
	w.add("storage.k8s.io/v1", "CSINode", "", name, object{"spec": object{"drivers": []object{{"name": "ebs.csi.aws.com", "nodeID": name, "allocatable": object{"count": 25}}}}})
	w.add("v1", "Pod", "kube-system", "agent-"+name, object{"metadata": owned("DaemonSet", "kube-system", "agent", object{"app": "agent"}),
		"spec": with(spec(0), "nodeName", name), "status": object{"phase": "Running"}})
}

// deployment is a Deployment with all that belongs to it.
func (w *town) deployment(i int) {
	namespace, name := fmt.Sprintf("team-%d", i%20), fmt.Sprintf("app-%d", i)
	labels := object{"app": name, "pod-template-hash": "7d9"}
	of := func() object {
		s := spec(i)
		if i%4 == 1 {
			s["topologySpreadConstraints"] = []object{{"maxSkew": 2, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": object{"matchLabels": object{"app": name}}}}
		}
		return s
	}
	sets := object{"replicas": 18, "selector": object{"matchLabels": object{"app": name}}, "template": object{"metadata": object{"labels": object{"app": name}}, "spec": of()}}
	w.add("apps/v1", "Deployment", namespace, name, object{"spec": sets})
	w.add("apps/v1", "ReplicaSet", namespace, name+"-7d9", object{"metadata": owned("Deployment", namespace, name, nil), "spec": sets})
	w.add("v1", "Service", namespace, name, nil)
	w.add("policy/v1", "PodDisruptionBudget", namespace, name, object{"spec": object{"minAvailable": 15, "selector": object{"matchLabels": object{"app": name}}}})
	for j := range 17 {
		pod := object{"metadata": owned("ReplicaSet", namespace, name+"-7d9", labels), "spec": of(), "status": object{"phase": "Pending"}}
		if j < 14 {
			pod["spec"], pod["status"] = with(of(), "nodeName", fmt.Sprintf("node-%d", w.seat(cpu(i)))), object{"phase": "Running"}
		}
		w.add("v1", "Pod", namespace, fmt.Sprintf("%s-7d9-%d", name, j), pod)
	}
	w.waiting += 4
}

// statefulSet is a StatefulSet whose pods have a disk each, in the zone where the pod
// was first, and no node in common.
func (w *town) statefulSet(i int) {
	namespace, name := fmt.Sprintf("team-%d", i%20), fmt.Sprintf("db-%d", i)
	of := func(pod string) object {
		s := with(spec(i+3), "affinity", object{"podAntiAffinity": object{"requiredDuringSchedulingIgnoredDuringExecution": []object{
			{"topologyKey": "kubernetes.io/hostname", "labelSelector": object{"matchLabels": object{"app": name}}}}}})
		if pod != "" {
			s["volumes"] = []object{{"name": "data", "persistentVolumeClaim": object{"claimName": "data-" + pod}}}
		}
		return s
	}
	request := object{"requests": object{"storage": "100Gi"}}
	w.add("apps/v1", "StatefulSet", namespace, name, object{"spec": object{"replicas": 5, "serviceName": name, "selector": object{"matchLabels": object{"app": name}},
		"template":             object{"metadata": object{"labels": object{"app": name}}, "spec": of("")},
		"volumeClaimTemplates": []object{{"metadata": object{"name": "data"}, "spec": object{"storageClassName": "gp3", "accessModes": []string{"ReadWriteOnce"}, "resources": request}}}}})
	for j := range 5 {
		pod, volume, node := fmt.Sprintf("%s-%d", name, j), fmt.Sprintf("pvc-%s-%d", name, j), j
		if j < 4 {
			node = w.seat(cpu(i + 3))
		}
		w.add("v1", "PersistentVolumeClaim", namespace, "data-"+pod, object{"metadata": object{"annotations": object{"pv.kubernetes.io/bind-completed": "yes"}},
			"spec":   object{"storageClassName": "gp3", "volumeName": volume, "accessModes": []string{"ReadWriteOnce"}, "resources": request},
			"status": object{"phase": "Bound"}})
		w.add("v1", "PersistentVolume", "", volume, object{"spec": object{"storageClassName": "gp3", "accessModes": []string{"ReadWriteOnce"}, "capacity": object{"storage": "100Gi"},
			"csi":      object{"driver": "ebs.csi.aws.com", "volumeHandle": "vol-" + volume},
			"claimRef": object{"kind": "PersistentVolumeClaim", "namespace": namespace, "name": "data-" + pod, "uid": uid("PersistentVolumeClaim", namespace, "data-"+pod)},
			"nodeAffinity": object{"required": object{"nodeSelectorTerms": []object{{"matchExpressions": []object{
				{"key": "topology.kubernetes.io/zone", "operator": "In", "values": []string{townZones[node%3]}}}}}}}},
			"status": object{"phase": "Bound"}})
		x := object{"metadata": owned("StatefulSet", namespace, name, object{"app": name}), "spec": of(pod), "status": object{"phase": "Pending"}}
		if j < 4 {
			x["spec"], x["status"] = with(of(pod), "nodeName", fmt.Sprintf("node-%d", node)), object{"phase": "Running"}
		}
		w.add("v1", "Pod", namespace, pod, x)
	}
	w.waiting++
}

// TestDump plans on a dump of 5,000 objects: what runs stays where it is, what waits
// and what is missing is planned for, once. To look at it as people do:
//
//	go test ./cmd/ullage -run TestDump -dump /tmp/town.json && bin/ullage plan -f /tmp/town.json
func TestDump(t *testing.T) {
	w := newTown()
	if len(w.objects) != townObjects {
		t.Fatalf("%d objects", len(w.objects))
	}
	text, err := json.Marshal(object{"apiVersion": "v1", "kind": "List", "items": w.objects})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "town.json")
	if *dumpFile != "" {
		path = *dumpFile
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	out, fits := run(t, "-f", path, "-o", "json")
	if !fits {
		t.Error("some pods do not fit")
	}
	var a answer
	if err := json.Unmarshal(out, &a); err != nil {
		t.Fatal(err)
	}
	pods := waitingIn(t, path)
	if len(pods) != w.waiting {
		t.Errorf("%d pods wait, want %d", len(pods), w.waiting)
	}
	for _, problem := range problemsOf(&a, pods) {
		t.Error(problem)
	}
	existing := 0
	for _, n := range a.Nodes {
		if n.Existing {
			existing += len(n.Pods)
		}
	}
	if existing == 0 || existing == w.waiting {
		t.Errorf("%d of %d pods go to nodes that are there: the dump should have room for some", existing, w.waiting)
	}
	t.Logf("%d MB: %d pods wait, %d of them fit on nodes that are there; new nodes cost %v USD per hour, bound %v", len(text)/1_000_000, w.waiting, existing, a.Cost, a.Bound)
}
