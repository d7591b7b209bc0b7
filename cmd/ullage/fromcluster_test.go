package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/ullage-sh/ullage/manifest"
)

// apiServer answers discovery and lists as an API server does: groups it knows, pods
// in pages, one kind forbidden, the others empty. Anything but GET fails the test.
func apiServer(t *testing.T) *httptest.Server {
	t.Helper()
	resources := map[string]string{ // group version → resource:Kind
		"v1":                   "pods:Pod nodes:Node namespaces:Namespace persistentvolumes:PersistentVolume persistentvolumeclaims:PersistentVolumeClaim replicationcontrollers:ReplicationController limitranges:LimitRange",
		"apps/v1":              "deployments:Deployment replicasets:ReplicaSet statefulsets:StatefulSet daemonsets:DaemonSet",
		"karpenter.sh/v1":      "nodepools:NodePool nodeclaims:NodeClaim",
		"karpenter.k8s.aws/v1": "ec2nodeclasses:EC2NodeClass",
		"scheduling.k8s.io/v1": "priorityclasses:PriorityClass",
		"storage.k8s.io/v1":    "storageclasses:StorageClass csinodes:CSINode volumeattachments:VolumeAttachment",
		"node.k8s.io/v1":       "runtimeclasses:RuntimeClass",
	}
	answer := func(w http.ResponseWriter, code int, body any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		if err := json.NewEncoder(w).Encode(body); err != nil {
			t.Error(err)
		}
	}
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			t.Errorf("%s %s: listing a cluster must not change it", r.Method, r.URL)
		}
		path := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/apis/"), "/api/")
		switch r.URL.Path {
		case "/api":
			answer(w, 200, object{"kind": "APIVersions", "versions": []string{"v1"}})
			return
		case "/apis":
			answer(w, 200, groupList(resources))
			return
		}
		if list, ok := resources[path]; ok {
			answer(w, 200, resourceList(path, list))
			return
		}
		for gv, list := range resources {
			name, ok := strings.CutPrefix(path, gv+"/")
			if !ok {
				continue
			}
			for _, pair := range strings.Fields(list) {
				if plural, kind, _ := strings.Cut(pair, ":"); plural == name {
					code, body := objects(gv, kind, r.URL.Query().Get("continue"))
					answer(w, code, body)
					return
				}
			}
		}
		answer(w, 404, status(404, "NotFound", "the server could not find the requested resource"))
	}))
}

type object = map[string]any

func status(code int, reason, message string) object {
	return object{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message}
}

func groupList(resources map[string]string) object {
	var groups []object
	for gv := range resources {
		if group, version, ok := strings.Cut(gv, "/"); ok {
			v := object{"groupVersion": gv, "version": version}
			groups = append(groups, object{"name": group, "versions": []object{v}, "preferredVersion": v})
		}
	}
	return object{"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
}

func resourceList(gv, list string) object {
	var rs []object
	for _, pair := range strings.Fields(list) {
		plural, kind, _ := strings.Cut(pair, ":")
		rs = append(rs, object{"name": plural, "kind": kind, "verbs": []string{"list"}, "namespaced": kind == "Pod" || gv == "apps/v1"})
	}
	return object{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": gv, "resources": rs}
}

// objects is a page of the objects of a kind.
func objects(gv, kind, page string) (code int, body object) {
	var items []object
	meta := object{"resourceVersion": "100"}
	meta1 := func(name string, more object) object {
		m := object{"name": name, "uid": "uid-" + name, "resourceVersion": "7"}
		for k, v := range more {
			m[k] = v
		}
		return m
	}
	switch kind {
	case "PriorityClass":
		return 403, status(403, "Forbidden", `priorityclasses.scheduling.k8s.io is forbidden: User "reader" cannot list them`)
	case "Pod":
		n, _ := strconv.Atoi(page) // "" is the first page
		items = append(items, object{
			"metadata": meta1(fmt.Sprintf("web-%d", n), object{"namespace": "shop"}),
			"spec":     object{"containers": []object{{"name": "c", "resources": object{"requests": object{"cpu": "1"}}}}},
			"status":   object{"phase": "Pending"},
		})
		if n < 2 {
			meta["continue"] = strconv.Itoa(n + 1)
		}
	case "NodePool":
		items = append(items, object{"metadata": meta1("default", nil), "spec": object{"template": object{"spec": object{
			"nodeClassRef": object{"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "default"},
			"requirements": []object{{"key": "karpenter.sh/capacity-type", "operator": "In", "values": []string{"on-demand"}}},
			"expireAfter":  "720h",
		}}}})
	case "EC2NodeClass":
		items = append(items, object{"apiVersion": gv, "kind": kind, "metadata": meta1("default", nil), "spec": object{"kubelet": object{"maxPods": 20}},
			"status": object{"subnets": []object{{"id": "s", "zone": "ap-northeast-2c"}}}})
	}
	return 200, object{"kind": kind + "List", "apiVersion": gv, "metadata": meta, "items": items}
}

func TestFromCluster(t *testing.T) {
	server := apiServer(t)
	defer server.Close()
	source, err := clusterSource(t.Context(), &rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	o, err := manifest.ReadWith(source, nil, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Pods) != 3 || o.Pods[2].ID() != "shop/web-2" || !o.Pods[2].Provisionable() {
		t.Errorf("%d pods of three pages", len(o.Pods))
	}
	if len(o.Pools) != 1 || o.Pools[0].Invalid != "" || len(o.Classes) != 1 || len(o.Classes[0].Zones) != 1 {
		t.Errorf("pools %+v, classes %+v", o.Pools, o.Classes)
	}
	// StatefulSets and the like are empty; Jobs, PodDisruptionBudgets and other
	// clouds' classes are not installed, and nobody is told.
	want := `PriorityClass may not be listed and are left out: priorityclasses.scheduling.k8s.io is forbidden: User "reader" cannot list them`
	if len(o.Notes) != 1 || o.Notes[0] != want {
		t.Errorf("notes %q, want %q", o.Notes, want)
	}
}

func TestFromClusterDown(t *testing.T) {
	server := apiServer(t)
	server.Close()
	source, err := clusterSource(t.Context(), &rest.Config{Host: server.URL})
	if err == nil {
		_, err = manifest.ReadWith(source, nil, manifest.Options{})
	}
	if err == nil || !strings.Contains(err.Error(), "cluster "+server.URL) {
		t.Errorf("a cluster that does not answer: %v", err)
	}
}
