package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// dump is what "kubectl get all,nodes,… -A -o json" prints of a busy cluster: 5,000
// objects, and how many pods of it wait.
func dump() (objects []object, waiting int) {
	meta := func(namespace, name string, more object) object {
		m := object{"name": name, "uid": "uid-" + namespace + "-" + name, "resourceVersion": "1"}
		if namespace != "" {
			m["namespace"] = namespace
		}
		for k, v := range more {
			m[k] = v
		}
		return m
	}
	owned := func(kind, name string, labels object) object {
		return object{"labels": labels, "ownerReferences": []object{{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": "uid-" + name, "controller": true}}}
	}
	spec := func(i int) object {
		return object{"containers": []object{{"name": "c", "image": "registry.example.com/app:1",
			"resources": object{"requests": object{"cpu": fmt.Sprintf("%dm", 100+50*(i%8)), "memory": fmt.Sprintf("%dMi", 128+64*(i%10))}}}}}
	}
	const nodes, apps = 230, 200
	for i := range nodes {
		objects = append(objects, object{"apiVersion": "v1", "kind": "Node",
			"metadata": meta("", fmt.Sprintf("node-%d", i), object{"labels": object{
				"topology.kubernetes.io/region": "us-east-1", "topology.kubernetes.io/zone": "us-east-1" + string("abc"[i%3]),
				"node.kubernetes.io/instance-type": "m6i.xlarge", "karpenter.sh/capacity-type": "on-demand", "kubernetes.io/arch": "amd64"}}),
			"status": object{"allocatable": object{"cpu": "3920m", "memory": "14Gi", "pods": "58"}, "conditions": []object{{"type": "Ready", "status": "True"}}}})
		objects = append(objects, object{"apiVersion": "v1", "kind": "Pod",
			"metadata": meta("kube-system", fmt.Sprintf("agent-%d", i), owned("DaemonSet", "agent", object{"app": "agent"})),
			"spec":     with(spec(0), "nodeName", fmt.Sprintf("node-%d", i)), "status": object{"phase": "Running"}})
	}
	objects = append(objects, object{"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": meta("kube-system", "agent", object{"uid": "uid-agent"}),
		"spec": object{"selector": object{"matchLabels": object{"app": "agent"}}, "template": object{"metadata": object{"labels": object{"app": "agent"}}, "spec": spec(0)}}})
	for i := range apps {
		namespace, name := fmt.Sprintf("team-%d", i%20), fmt.Sprintf("app-%d", i)
		template := object{"metadata": object{"labels": object{"app": name}}, "spec": spec(i)}
		sets := object{"replicas": 18, "selector": object{"matchLabels": object{"app": name}}, "template": template}
		objects = append(objects,
			object{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta(namespace, name, nil), "spec": sets},
			object{"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta(namespace, name+"-7d9", owned("Deployment", name, nil)), "spec": sets},
			object{"apiVersion": "v1", "kind": "Service", "metadata": meta(namespace, name, nil)},
			object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta(namespace, name, nil), "data": object{"a": "b"}})
		// 18 are wanted: 14 run, 3 wait, one is not there yet.
		for j := range 17 {
			pod := object{"apiVersion": "v1", "kind": "Pod", "metadata": meta(namespace, fmt.Sprintf("%s-7d9-%d", name, j),
				owned("ReplicaSet", name+"-7d9", object{"app": name, "pod-template-hash": "7d9"})), "spec": spec(i), "status": object{"phase": "Pending"}}
			if j < 14 {
				pod["spec"], pod["status"] = with(spec(i), "nodeName", fmt.Sprintf("node-%d", (i*14+j)%nodes)), object{"phase": "Running"}
			}
			objects = append(objects, pod)
		}
		waiting += 4
	}
	for len(objects) < 5000 {
		objects = append(objects, object{"apiVersion": "v1", "kind": "Secret", "metadata": meta("vault", fmt.Sprintf("secret-%d", len(objects)), nil)})
	}
	return objects, waiting
}

func with(o object, key string, value any) object {
	o[key] = value
	return o
}

// TestDump plans on a dump of 5,000 objects: what runs stays where it is, what waits
// and what is missing is planned for, once.
func TestDump(t *testing.T) {
	objects, waiting := dump()
	if len(objects) != 5000 {
		t.Fatalf("%d objects", len(objects))
	}
	text, err := json.Marshal(object{"apiVersion": "v1", "kind": "List", "items": objects})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "dump.json")
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
	if len(pods) != waiting {
		t.Errorf("%d pods wait, want %d", len(pods), waiting)
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
	if existing == 0 || existing == waiting {
		t.Errorf("%d of %d pods go to nodes that are there: the dump should have room for some", existing, waiting)
	}
	t.Logf("%d MB: %d pods wait, %d of them fit on nodes that are there; new nodes cost %v USD per hour, bound %v", len(text)/1_000_000, waiting, existing, a.Cost, a.Bound)
}
