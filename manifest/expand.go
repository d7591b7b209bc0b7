package manifest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/ullage-sh/ullage/cluster"
)

// expansion makes the pods that workloads want and that are not there: what their
// controllers would do.
type expansion struct {
	*Collector
	pods   []*cluster.Pod
	taken  map[string]bool           // namespace/name of pods
	has    map[string]int            // pods of each workload that have not ended, by its name
	hashes map[string]map[string]int // of each Deployment: pods by pod-template-hash
}

// allPods returns every pod there is or should be, those without a node waiting.
func (c *Collector) allPods() []*cluster.Pod {
	e := &expansion{Collector: c, taken: map[string]bool{}, has: map[string]int{}, hashes: map[string]map[string]int{}}
	for _, id := range slices.Sorted(maps.Keys(c.pods)) {
		e.add(c.pods[id])
	}
	var workloads []Object
	for _, key := range slices.Sorted(maps.Keys(c.kept)) {
		o := c.kept[key].object
		if p, ok := o.(*corev1.Pod); ok {
			p.UID = types.UID(c.uid(p))
			e.make(p)
		} else if _, spec := podOf(o); spec != nil {
			workloads = append(workloads, o)
		}
	}
	e.countPods()
	// StatefulSets first: their pods' names are not free to choose.
	slices.SortStableFunc(workloads, func(a, b Object) int { return cmp.Compare(rank(a), rank(b)) })
	for _, o := range workloads {
		e.expand(o)
	}
	for _, p := range e.pods {
		if p.Node == "" && p.UnschedulableSince == 0 {
			p.UnschedulableSince = 1
		}
	}
	return e.pods
}

func rank(o Object) int {
	if _, ok := o.(*appsv1.StatefulSet); ok {
		return 0
	}
	return 1
}

func (e *expansion) add(p *cluster.Pod) {
	e.pods = append(e.pods, p)
	e.taken[p.ID()] = true
}

// make adds the record of a pod, with the claims that would be made for it.
func (e *expansion) make(pod *corev1.Pod) {
	p := e.convert.Pod(pod)
	e.add(p)
	e.ephemeral(p, &pod.Spec)
	e.claimDevices(p, &pod.Spec)
}

// countPods finds out which workload each pod belongs to.
func (e *expansion) countPods() {
	for _, p := range e.pods {
		if p.Terminal() || p.Deleting() || p.Owner.Kind == "" {
			continue
		}
		set := p.Owner.Kind + " " + p.Namespace + "/" + p.Owner.Name
		e.has[set]++
		deployment, hash := e.deploymentOf(p, set)
		if deployment == "" {
			continue
		}
		e.has[deployment]++
		if e.hashes[deployment] == nil {
			e.hashes[deployment] = map[string]int{}
		}
		e.hashes[deployment][hash]++
	}
}

// deploymentOf is the Deployment whose ReplicaSet owns a pod, and the hash that
// tells its ReplicaSets apart. The ReplicaSet need not be in the input: its name is
// that of the Deployment and the hash.
func (e *expansion) deploymentOf(p *cluster.Pod, set string) (name, hash string) {
	if p.Owner.Kind != "ReplicaSet" {
		return "", ""
	}
	if p.Identity != nil {
		hash = p.Identity.Labels[appsv1.DefaultDeploymentUniqueLabelKey]
	}
	if rs, ok := e.kept[set]; ok {
		kind, owner, _ := strings.Cut(ownerOf(rs.object), " ")
		if kind != "Deployment" {
			return "", ""
		}
		return "Deployment " + p.Namespace + "/" + owner, hash
	}
	prefix, ok := strings.CutSuffix(p.Owner.Name, "-"+hash)
	if hash == "" || !ok {
		return "", ""
	}
	return "Deployment " + p.Namespace + "/" + prefix, hash
}

// expand adds the pods that one workload lacks.
func (e *expansion) expand(o Object) {
	want := int(replicasOf(o))
	switch o := o.(type) {
	case *appsv1.DaemonSet:
		return
	case *appsv1.StatefulSet:
		e.statefulSet(o, want)
		return
	case *appsv1.ReplicaSet:
		if kind, name, ok := strings.Cut(ownerOf(o), " "); ok && e.kept[kind+" "+o.Namespace+"/"+name].object != nil {
			return // its Deployment is expanded
		}
	}
	missing := want - e.has[nameOf(o)]
	if missing <= 0 {
		return
	}
	pod, index := e.template(o)
	if index != "" {
		e.indexed(o, pod, index, missing)
		return
	}
	like := e.convert.Pod(pod)
	for i := 0; missing > 0; i++ {
		p := *like
		p.Name = pod.Name + "-" + strconv.Itoa(i)
		if e.taken[p.ID()] {
			continue
		}
		p.UID = "pod/" + p.ID()
		e.add(&p)
		e.ephemeral(&p, &pod.Spec)
		p.Claims = slices.Clone(p.Claims)
		e.claimDevices(&p, &pod.Spec)
		missing--
	}
}

// indexed adds pods that carry their number as a label.
func (e *expansion) indexed(o Object, pod *corev1.Pod, label string, missing int) {
	prefix := pod.Name
	for i := 0; missing > 0; i++ {
		pod.Name = prefix + "-" + strconv.Itoa(i)
		if e.taken[o.GetNamespace()+"/"+pod.Name] {
			continue
		}
		pod.Labels = maps.Clone(pod.Labels)
		pod.Labels[label] = strconv.Itoa(i)
		pod.UID = types.UID("pod/" + pod.Namespace + "/" + pod.Name)
		e.make(pod)
		missing--
	}
}

// template is the pod that the controller of a workload makes, named as what comes
// before the number; index is the label that holds the number, if one does.
func (e *expansion) template(o Object) (pod *corev1.Pod, index string) {
	meta, spec := podOf(o)
	pod = &corev1.Pod{ObjectMeta: *meta.DeepCopy(), Spec: *spec}
	pod.Namespace, pod.Name = o.GetNamespace(), o.GetName()
	if pod.Labels == nil {
		pod.Labels = map[string]string{}
	}
	owner := nameOf(o)
	switch o := o.(type) {
	case *appsv1.Deployment:
		hash := e.hashOf(o)
		pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey] = hash
		owner = "ReplicaSet " + o.Namespace + "/" + o.Name + "-" + hash
	case *batchv1.CronJob:
		pod.Name += "-run"
		owner = "Job " + o.Namespace + "/" + pod.Name
		index = jobLabels(pod, &o.Spec.JobTemplate.Spec, pod.Name)
	case *batchv1.Job:
		index = jobLabels(pod, &o.Spec, o.Name)
	}
	uid := cmp.Or(e.seen[owner].uid, strings.ToLower(strings.ReplaceAll(owner, " ", "/")))
	kind, id, _ := strings.Cut(owner, " ")
	_, name, _ := strings.Cut(id, "/")
	pod.OwnerReferences = []metav1.OwnerReference{{Kind: kind, Name: name, UID: types.UID(uid), Controller: ptr.To(true)}}
	return pod, index
}

// jobLabels adds what the Job controller labels its pods with.
func jobLabels(pod *corev1.Pod, s *batchv1.JobSpec, job string) (index string) {
	pod.Labels[batchv1.JobNameLabel] = job
	pod.Labels["job-name"] = job // its older name, still set
	if ptr.Deref(s.CompletionMode, batchv1.NonIndexedCompletion) == batchv1.IndexedCompletion {
		return batchv1.JobCompletionIndexAnnotation
	}
	return ""
}

// hashOf is the label that tells the newest ReplicaSet of a Deployment from older
// ones: that of most of its pods, or a hash of the template where it has none.
func (e *expansion) hashOf(d *appsv1.Deployment) string {
	best, most := "", 0
	for _, hash := range slices.Sorted(maps.Keys(e.hashes[nameOf(d)])) {
		if n := e.hashes[nameOf(d)][hash]; n > most && hash != "" {
			best, most = hash, n
		}
	}
	if best != "" {
		return best
	}
	text, err := json.Marshal(d.Spec.Template)
	if err != nil {
		panic(err) // it came as JSON
	}
	h := fnv.New32a()
	_, _ = h.Write(text) // a hash does not fail
	return fmt.Sprintf("%08x", h.Sum32())
}
