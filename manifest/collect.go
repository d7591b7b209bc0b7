package manifest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/kube"
)

// Objects is what an input holds, as a plan needs it.
type Objects struct {
	// Input has everything but Types, which are the catalogue's business.
	cluster.Input
	Classes []Class
	// Region that the nodes' labels name, if they all name the same; else "".
	Region string
	// Notes say what was left out and what was assumed, for people.
	Notes []string
}

// Class is a node class, and the zones that its status lists subnets in (none if
// it lists none).
type Class struct {
	cluster.NodeClass
	Zones []string
}

// Collector turns objects into records, in any order. The zero value is not ready:
// use [NewCollector].
type Collector struct {
	namespace string
	convert   kube.Converter
	seen      map[string]identity // by kind, namespace and name
	// pods that an API server has seen, by namespace and name: records already.
	pods map[string]*cluster.Pod
	// kept is everything else, until all has been read.
	kept     map[string]held
	unnamed  map[string]int // objects with generateName so far, by kind and prefix
	notes    []string
	mistakes Errors
}

// held is an object that is kept until everything has been read.
type held struct {
	at     Position
	object Object
}

// identity tells two copies of an object from two versions of it.
type identity struct {
	at       Position
	revision string // resourceVersion, "" for an object that no API server has seen
	sum      uint64 // of the object, if it has no revision
	uid      string
}

// NewCollector returns an empty collector; namespace is that of objects that name
// none, "default" if empty.
func NewCollector(namespace string) *Collector {
	return &Collector{
		namespace: cmp.Or(namespace, corev1.NamespaceDefault), seen: map[string]identity{},
		pods: map[string]*cluster.Pod{}, kept: map[string]held{}, unnamed: map[string]int{},
	}
}

// fail notes a mistake.
func (c *Collector) fail(at Position, o Object, field string, err error) {
	c.mistakes = append(c.mistakes, &Error{At: at, Object: nameOf(o), Field: field, Err: err})
}

func (c *Collector) note(format string, args ...any) {
	c.notes = append(c.notes, fmt.Sprintf(format, args...))
}

// nameOf is "Deployment shop/web".
func nameOf(o Object) string {
	name := o.GetName()
	if o.GetNamespace() != "" {
		name = o.GetNamespace() + "/" + name
	}
	return o.GetObjectKind().GroupVersionKind().Kind + " " + name
}

// fromFile tells whether no API server has seen an object: it was written by
// somebody, and neither defaults nor admission have been applied.
func fromFile(o Object) bool { return o.GetUID() == "" }

// Add adds an object. The collector owns it then and may change it.
func (c *Collector) Add(at Position, o Object) {
	k := findKind(o.GetObjectKind().GroupVersionKind())
	if k == nil {
		c.fail(at, o, "kind", errors.New("is not one that is read"))
		return
	}
	if !c.name(at, o, k) || !c.isNew(at, o) {
		return
	}
	slim(o)
	if fromFile(o) {
		c.check(at, o)
	} else if p, ok := o.(*corev1.Pod); ok {
		c.pods[p.Namespace+"/"+p.Name] = c.convert.Pod(p)
		return
	}
	c.kept[nameOf(o)] = held{at, o}
}

// name gives an object the namespace and the name that the API server would.
func (c *Collector) name(at Position, o Object, k *kind) bool {
	switch {
	case !k.namespaced:
		o.SetNamespace("")
	case o.GetNamespace() == "":
		o.SetNamespace(c.namespace)
	}
	if prefix := o.GetGenerateName(); o.GetName() == "" && prefix != "" {
		key := nameOf(o) + prefix
		o.SetName(prefix + strconv.Itoa(c.unnamed[key]))
		c.unnamed[key]++
	}
	if o.GetName() == "" {
		c.fail(at, o, "metadata.name", errors.New("is missing"))
		return false
	}
	return true
}

// isNew tells whether an object counts. One that was added before does not, unless
// it is another version: of two that an API server printed the newer one counts,
// and what stands in a file counts instead of what a cluster printed, so that
// people can ask what a change would do. Two that differ in files are a mistake.
func (c *Collector) isNew(at Position, o Object) bool {
	key, now := nameOf(o), identify(at, o)
	before, again := c.seen[key]
	switch {
	case !again:
	case before.revision == now.revision && before.sum == now.sum:
		return false
	case before.revision != "" && now.revision != "":
		if newer(before.revision, now.revision) {
			return false
		}
	case before.revision != "" && c.kept[key].object != nil:
		c.note("%s: what stands in %s counts instead of what the cluster printed (%s)", key, at, before.at)
		now.uid = before.uid
	case now.revision != "" && c.kept[key].object != nil:
		c.note("%s: what stands in %s counts instead of what the cluster printed (%s)", key, before.at, at)
		before.uid = now.uid
		c.seen[key] = before
		return false
	default:
		c.fail(at, o, "", fmt.Errorf("is given a second time and differs; it was first in %s", before.at))
		return false
	}
	c.seen[key] = now
	return true
}

func identify(at Position, o Object) identity {
	id := identity{at: at, revision: o.GetResourceVersion(), uid: string(o.GetUID())}
	if id.revision != "" {
		return id
	}
	text, err := json.Marshal(o)
	if err != nil {
		panic(err) // it came as JSON
	}
	h := fnv.New64a()
	_, _ = h.Write(text) // a hash does not fail
	id.sum = h.Sum64()
	return id
}

// newer tells whether revision a is later than b.
func newer(a, b string) bool {
	x, err1 := strconv.ParseUint(a, 10, 64)
	y, err2 := strconv.ParseUint(b, 10, 64)
	if err1 != nil || err2 != nil {
		return a > b // no order that means anything, but always the same
	}
	return x > y
}

// uid is the UID of an object, or what stands in for it in a file.
func (c *Collector) uid(o Object) string {
	if id := c.seen[nameOf(o)]; id.uid != "" {
		return id.uid
	}
	return strings.ToLower(strings.ReplaceAll(nameOf(o), " ", "/"))
}

// slim drops what is large and says nothing about where a pod may run.
func slim(o Object) {
	o.SetManagedFields(nil)
	if n, ok := o.(*corev1.Node); ok {
		n.Status.Images = nil
	}
	_, s := podOf(o)
	if s == nil {
		return
	}
	for _, cs := range [][]corev1.Container{s.InitContainers, s.Containers} {
		for i := range cs {
			x := &cs[i]
			x.Env, x.EnvFrom, x.Command, x.Args, x.VolumeMounts, x.VolumeDevices = nil, nil, nil, nil, nil, nil
			x.LivenessProbe, x.ReadinessProbe, x.StartupProbe, x.Lifecycle = nil, nil, nil, nil
		}
	}
	s.EphemeralContainers = nil
}
