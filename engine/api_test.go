package engine_test

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

var conflict = &engine.Failure{Kind: engine.Conflict, Message: "the object has been modified"}
var missing = &engine.Failure{Kind: engine.Missing, Message: "not found"}

// do carries out one effect as the API server or the cloud would.
func (w *world) do(f engine.Effect) engine.Done {
	done := engine.Done{Effect: f}
	switch f := f.(type) {
	case engine.CreateClaim:
		if old := w.claims[f.Claim.Name]; old != nil {
			if old.Deleting() {
				done.Err = conflict
			}
			done.Revision = old.Revision
			return done
		}
		c := *f.Claim
		c.UID, c.Created = "c"+w.revision(), w.now
		w.setClaim(&c)
		done.Revision = w.claims[c.Name].Revision
	case engine.PatchClaim:
		done.Err, done.Revision = w.patchClaim(f)
	case engine.PatchClaimStatus:
		done.Err, done.Revision = w.patchClaimStatus(f)
	case engine.DeleteClaim:
		if c := w.claims[f.Name]; c != nil && c.UID == f.UID && !c.Deleting() {
			x := *c
			x.DeletingAt = w.now
			w.setClaim(&x)
		}
	case engine.PatchNode:
		done.Err, done.Revision = w.patchNode(f)
	case engine.DeleteNode:
		if n := w.nodes[f.Name]; n != nil && n.UID == f.UID && n.DeletingAt == 0 {
			x := *n
			x.DeletingAt = w.now
			w.setNode(&x)
		}
	case engine.EvictPod:
		w.evict(f, &done)
	case engine.DeletePod:
		if p := w.pods[f.Namespace+"/"+f.Name]; p != nil && p.UID == f.UID {
			w.deletePod(p)
			w.addPod(p.Owner.Name)
		}
	case engine.Tolerate:
		done.Err, done.Revision = w.tolerate(f)
	case engine.PatchPoolStatus:
		pool := &w.pool
		if w.fixed != nil && f.Name == w.fixed.Name {
			pool = &w.fixed
		}
		if (*pool).Revision != f.Revision {
			done.Err = conflict
			return done
		}
		p := **pool
		p.Conditions, p.Resources, p.Revision = f.Conditions, f.Resources, w.revision()
		*pool = &p
		done.Revision = p.Revision
		w.tell(engine.PoolChanged{Name: p.Name, Pool: &p}, 0)
	case engine.PatchBufferStatus:
		b := w.buffers[f.Namespace+"/"+f.Name]
		if b == nil || b.Revision != f.Revision {
			done.Err = conflict
			return done
		}
		x := *b
		x.Status, x.Revision = f.Status, w.revision()
		w.buffers[b.ID()] = &x
		done.Revision = x.Revision
		w.tell(engine.BufferChanged{ID: b.ID(), Buffer: &x}, 0)
	case engine.PatchOverlayStatus:
		o := *w.overlays[f.Name]
		if o.Revision != f.Revision {
			done.Err = conflict
			return done
		}
		o.Conditions, o.Revision = f.Conditions, w.revision()
		w.overlays[f.Name] = &o
		done.Revision = o.Revision
		w.tell(engine.OverlayChanged{Name: f.Name, Overlay: &o}, 0)
	case engine.PatchClassStatus:
		c := *w.class
		c.Conditions, c.Revision = f.Conditions, w.revision()
		w.statuses++
		w.class = &c
		done.Revision = c.Revision
		w.tell(engine.ClassChanged{Ref: classRef, Class: &c}, 0)
	case engine.Acknowledge:
		for _, r := range f.Receipts {
			delete(w.warned, r)
		}
	case engine.Resolve:
		done.Resolution = w.resolve()
	case engine.Launch:
		w.launch(f, &done)
	case engine.Terminate:
		done.States = w.terminate(f.IDs)
	case engine.List:
		for _, id := range slices.Sorted(maps.Keys(w.instances)) {
			done.Instances = append(done.Instances, w.instances[id].Instance)
		}
	default:
		w.t.Fatalf("no such effect: %T", f)
	}
	return done
}

func (w *world) patchClaim(f engine.PatchClaim) (*engine.Failure, string) {
	c := w.claims[f.Name]
	if c == nil || c.UID != f.UID {
		return missing, ""
	}
	if c.Revision != f.Revision {
		return conflict, ""
	}
	x := *c
	x.Labels, x.Annotations = maps.Clone(x.Labels), maps.Clone(x.Annotations)
	maps.Copy(x.Labels, f.Labels)
	maps.Copy(x.Annotations, f.Annotations)
	for _, key := range f.RemoveAnnotations {
		delete(x.Annotations, key)
	}
	x.Finalizers = f.Finalizers
	if f.Launch != nil {
		x.Launch = f.Launch
	}
	w.setClaim(&x)
	return nil, w.after(c.Revision, x.Deleting() && len(x.Finalizers) == 0)
}

// after is the revision that the API server answers a write with: that of before if the
// write was the object's last.
func (w *world) after(before string, gone bool) string {
	if gone {
		return before
	}
	return w.last()
}

// last is the revision of the last write.
func (w *world) last() string { return fmt.Sprint(w.rev) }

func (w *world) patchClaimStatus(f engine.PatchClaimStatus) (*engine.Failure, string) {
	c := w.claims[f.Name]
	if c == nil || c.UID != f.UID {
		return missing, ""
	}
	if c.Revision != f.Revision {
		return conflict, ""
	}
	x := *c
	x.ProviderID, x.NodeName, x.ImageID, x.Capacity, x.Allocatable = f.ProviderID, f.NodeName, f.ImageID, f.Capacity, f.Allocatable
	x.Conditions, x.LastPodEvent = slices.Clone(f.Conditions), f.LastPodEvent.Whole()
	for i := range x.Conditions {
		x.Conditions[i].Since = x.Conditions[i].Since.Whole()
	}
	if reflect.DeepEqual(&x, c) {
		return nil, c.Revision // nothing changed: no new revision, no event
	}
	w.setClaim(&x)
	return nil, w.last()
}

func (w *world) patchNode(f engine.PatchNode) (*engine.Failure, string) {
	n := w.nodes[f.Name]
	if n == nil || n.UID != f.UID {
		return missing, ""
	}
	if n.Revision != f.Revision {
		return conflict, ""
	}
	x := *n
	x.Labels = maps.Clone(x.Labels)
	maps.Copy(x.Labels, f.Labels)
	for _, k := range f.RemoveLabels {
		delete(x.Labels, k)
	}
	x.Taints, x.Finalizers = f.Taints, f.Finalizers
	x.HasOwner = x.HasOwner || f.Owner != nil
	w.setNode(&x)
	return nil, w.after(n.Revision, x.DeletingAt != 0 && len(x.Finalizers) == 0)
}

func (w *world) evict(f engine.EvictPod, done *engine.Done) {
	id := f.Namespace + "/" + f.Name
	p := w.pods[id]
	switch {
	case p == nil || p.UID != f.UID:
		return
	case w.budgets[id]:
		done.Err = &engine.Failure{Kind: engine.Blocked, Message: "would violate the pod's disruption budget"}
		return
	case p.Deleting():
		return
	}
	w.deletePod(p)
	w.addPod(p.Owner.Name) // its ReplicaSet makes another
}

func (w *world) tolerate(f engine.Tolerate) (*engine.Failure, string) {
	p := w.pods[f.Namespace+"/"+f.Name]
	switch {
	case p == nil || p.UID != f.UID:
		return missing, ""
	case p.Revision != f.Revision:
		return conflict, ""
	case w.rigid:
		return &engine.Failure{Kind: engine.Rejected, Message: "tolerations of pods are not for you to write"}, ""
	}
	x := *p
	x.Reserved = append(slices.Clone(x.Reserved), cluster.ReservedTaint(f.Claim).Value)
	w.setPod(&x)
	w.let++
	return nil, w.last()
}

func (w *world) resolve() cluster.Resolution {
	types := make([]cluster.InstanceType, len(w.types))
	for i, t := range w.types {
		t.Offerings = slices.Clone(t.Offerings)
		for j, o := range t.Offerings {
			t.Offerings[j].Available = !w.short[cluster.OfferingID{InstanceType: t.Name, Zone: o.Zone, CapacityType: o.CapacityType}]
		}
		t.ImageID = w.imageOf[t.Name]
		types[i] = t
	}
	slices.SortFunc(types, func(a, b cluster.InstanceType) int { return strings.Compare(a.Name, b.Name) })
	return cluster.Resolution{Types: types, Hash: "h", ImageID: w.image, Status: w.status, Conditions: []cluster.Condition{{Type: cluster.ReadyCondition, Status: "True", Reason: "Ready"}}}
}

func (w *world) launch(f engine.Launch, done *engine.Done) {
	if ids, ok := w.byToken[f.Token]; ok {
		for _, id := range ids {
			done.Instances = append(done.Instances, w.instances[id].Instance)
		}
	} else {
		for n := range f.Count {
			for _, o := range f.Offerings {
				if w.short[o] {
					if !slices.Contains(done.SoldOut, o) {
						done.SoldOut = append(done.SoldOut, o)
					}
					continue
				}
				typ := cluster.FindType(w.types, o.InstanceType)
				id := fmt.Sprintf("i-%s-%03d", f.Token, n)
				i := &instance{labels: maps.Clone(f.Labels), taints: f.Taints, bootAt: w.now.Add(30*cluster.Second + cluster.Duration(w.rng.Int64N(int64(30*cluster.Second))))}
				maps.Copy(i.labels, typ.Labels)
				i.labels[cluster.LabelZone], i.labels[cluster.LabelInstanceType], i.labels[cluster.LabelHostname] = o.Zone, o.InstanceType, "node-"+id
				i.Instance = cluster.Instance{ID: id, ProviderID: "test:///" + id, State: cluster.InstanceRunning, Offering: o, Launched: w.now, Token: f.Token, Hash: "h", ImageID: cmp.Or(w.imageOf[o.InstanceType], w.image),
					Labels: typ.Labels, Capacity: typ.Capacity, Allocatable: typ.Allocatable}
				w.instances[i.ProviderID] = i
				w.byToken[f.Token] = append(w.byToken[f.Token], i.ProviderID)
				done.Instances = append(done.Instances, i.Instance)
				break
			}
		}
	}
	if len(done.Instances) == 0 {
		done.Err = &engine.Failure{Kind: engine.NoCapacity, Message: "no capacity"}
	}
}

func (w *world) terminate(ids []string) map[string]cluster.InstanceState {
	out := map[string]cluster.InstanceState{}
	for _, id := range ids {
		out[id] = cluster.InstanceTerminated
		if i := w.instances[id]; i != nil {
			if i.State == cluster.InstanceRunning {
				i.State, i.endAt = cluster.InstanceShuttingDown, w.now.Add(20*cluster.Second)
			}
			out[id] = i.State
		}
	}
	return out
}
