package sim

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/sim/store"
)

// carryOut does what an effect says, unless a fault is in the way, and returns its
// outcome and how long that took beside the way there and back.
func (w *world) carryOut(f engine.Effect) (engine.Done, cluster.Duration) {
	w.record("effect", f.Key(), kindOf(f))
	done, took, cloud := w.cloud.do(f)
	if !cloud {
		done = w.write(f)
	}
	if w.judge != nil && done.Err == nil {
		w.judge.Landed(f)
	}
	if done.Err == nil && w.strikes(LostAnswer) {
		return engine.Done{Effect: f, Err: &engine.Failure{Kind: engine.Transient, Message: "the answer was lost: context deadline exceeded"}}, took
	}
	if done.Err != nil {
		w.result.Failures++
	}
	return done, took
}

func kindOf(f engine.Effect) string { return reflect.TypeOf(f).String() }

// write carries out an effect on the API server. A new kind of effect is one more case.
func (w *world) write(f engine.Effect) engine.Done {
	done := engine.Done{Effect: f}
	if w.strikes(APIError) {
		done.Err = &engine.Failure{Kind: engine.Transient, Message: "the server was unable to return a response in the time allotted"}
		return done
	}
	w.result.Writes++
	var err error
	switch f := f.(type) {
	case engine.CreateClaim:
		done.Revision, err = w.createClaim(f)
	case engine.PatchClaim:
		done.Revision, err = w.store.Claims.Update(f.Name, f.UID, f.Revision, func(c *cluster.Claim) {
			c.Labels = merged(c.Labels, f.Labels, nil)
			c.Annotations = merged(c.Annotations, f.Annotations, f.RemoveAnnotations)
			c.Finalizers = f.Finalizers
			if f.Launch != nil {
				c.Launch = f.Launch
			}
		})
	case engine.PatchClaimStatus:
		done.Revision, err = w.store.Claims.Update(f.Name, f.UID, f.Revision, func(c *cluster.Claim) {
			c.ProviderID, c.NodeName, c.ImageID = f.ProviderID, f.NodeName, f.ImageID
			c.Capacity, c.Allocatable, c.Conditions, c.LastPodEvent = f.Capacity, f.Allocatable, f.Conditions, f.LastPodEvent
		})
	case engine.DeleteClaim:
		err = w.store.Claims.Delete(f.Name, f.UID, w.now)
	case engine.PatchNode:
		done.Revision, err = w.store.Nodes.Update(f.Name, f.UID, f.Revision, func(n *cluster.Node) {
			n.Labels = merged(n.Labels, f.Labels, f.RemoveLabels)
			n.Annotations = merged(n.Annotations, f.Annotations, nil)
			n.Taints, n.Finalizers = f.Taints, f.Finalizers
			n.HasOwner = n.HasOwner || f.Owner != nil
		})
	case engine.DeleteNode:
		err = w.store.Nodes.Delete(f.Name, f.UID, w.now)
	case engine.EvictPod:
		err = w.evict(f)
	case engine.DeletePod:
		if p := w.store.Pods.Get(f.Namespace + "/" + f.Name); p != nil && p.Now.UID == f.UID {
			w.store.DeletePod(p, max(f.Grace, cluster.Second), w.now)
		}
	case engine.Tolerate:
		done.Revision, err = w.store.Pods.Update(f.Namespace+"/"+f.Name, f.UID, f.Revision, func(p *cluster.Pod) {
			p.Reserved = append(slices.Clone(p.Reserved), cluster.ReservedTaint(f.Claim).Value)
		})
	case engine.PatchPoolStatus:
		done.Revision, err = w.store.Pools.Update(f.Name, f.UID, f.Revision, func(p *cluster.Pool) {
			p.Conditions, p.Resources = f.Conditions, f.Resources
		})
	case engine.PatchBufferStatus:
		done.Revision, err = w.store.Buffers.Update(f.Namespace+"/"+f.Name, f.UID, f.Revision, func(b *cluster.CapacityBuffer) {
			b.Status = f.Status
		})
	case engine.PatchClassStatus:
		done.Revision, err = w.store.Classes.Update(f.Ref.String(), f.UID, f.Revision, func(c *cluster.NodeClass) {
			c.Conditions = f.Conditions
		})
	default:
		if w.err == nil {
			w.err = fmt.Errorf("the simulator does not know how to carry out %T: add it to sim/effect.go", f)
		}
	}
	done.Err = refusal(err)
	return done
}

// refusal sorts the API server's errors as the operator's client does.
func refusal(err error) *engine.Failure {
	var e *store.Error
	if !errors.As(err, &e) {
		return nil
	}
	f := &engine.Failure{Kind: engine.Transient, Message: e.Message}
	switch e.Kind {
	case store.NotFound:
		f.Kind = engine.Missing
	case store.Conflict, store.Exists:
		f.Kind = engine.Conflict
	case store.Blocked:
		f.Kind = engine.Blocked
	case store.Internal:
	}
	return f
}

// createClaim writes a claim. That it exists is success, unless it is on its way out.
func (w *world) createClaim(f engine.CreateClaim) (string, error) {
	c := *f.Claim
	c.UID, c.Created = "", w.now
	o, err := w.store.Claims.Create(c.Name, &c)
	if err != nil && o.Now.Deleting() {
		return "", err
	}
	return o.Now.Revision, nil
}

func (w *world) evict(f engine.EvictPod) error {
	p := w.store.Pods.Get(f.Namespace + "/" + f.Name)
	if p == nil {
		return nil
	}
	deleting := p.Now.Deleting()
	err := w.store.Evict(p, f.UID, w.now)
	if err == nil && !deleting && p.Now != nil {
		w.result.Evictions++
		for _, b := range w.store.Budgets(p.Now) {
			w.disruption.write(b)
		}
	}
	return err
}

// merged is a map with some keys set and others removed. The original is not written.
func merged[M ~map[string]string](m M, set map[string]string, remove []string) M {
	if len(set) == 0 && len(remove) == 0 {
		return m
	}
	out := make(M, len(m)+len(set))
	maps.Copy(out, m)
	for k, v := range set {
		out[k] = v
	}
	for _, k := range remove {
		delete(out, k)
	}
	return out
}
