package aws

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/sim/store"
)

// hall is the API server of a cluster as the runner sees it: what the engine writes stays,
// whichever process wrote it. Nobody schedules or boots anything in it.
type hall struct {
	now func() cluster.Instant

	mu    sync.Mutex
	store *store.Store
	push  func(engine.Event) // nil while nobody watches
	lost  []string           // notes of failures
}

func newHall(now func() cluster.Instant) *hall {
	h := &hall{now: now, store: store.New()}
	tell := func(e engine.Event) {
		if h.push != nil {
			h.push(e)
		}
	}
	h.store.Pods.Watch(func(o *store.Object[cluster.Pod], _ *cluster.Pod) { tell(engine.PodChanged{ID: o.Key, Pod: o.Now}) })
	h.store.Claims.Watch(func(o *store.Claim, _ *cluster.Claim) { tell(engine.ClaimChanged{Name: o.Key, Claim: o.Now}) })
	h.store.Pools.Watch(func(o *store.Object[cluster.Pool], _ *cluster.Pool) {
		tell(engine.PoolChanged{Name: o.Key, Pool: o.Now})
	})
	h.store.Classes.Watch(func(o *store.Object[cluster.NodeClass], _ *cluster.NodeClass) {
		tell(engine.ClassChanged{Ref: o.Now.Ref, Class: o.Now})
	})
	return h
}

// Replay tells everything.
func (h *hall) Replay(context.Context) ([]engine.Event, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all(), nil
}

func (h *hall) all() []engine.Event {
	var out []engine.Event
	for _, o := range h.store.Classes.All() {
		out = append(out, engine.ClassChanged{Ref: o.Now.Ref, Class: o.Now})
	}
	for _, o := range h.store.Pools.All() {
		out = append(out, engine.PoolChanged{Name: o.Key, Pool: o.Now})
	}
	for _, o := range h.store.Claims.All() {
		out = append(out, engine.ClaimChanged{Name: o.Key, Claim: o.Now})
	}
	for _, o := range h.store.Pods.All() {
		out = append(out, engine.PodChanged{ID: o.Key, Pod: o.Now})
	}
	return append(out, engine.Synced{})
}

// Watch tells everything, and changes until ctx ends.
func (h *hall) Watch(ctx context.Context, push func(engine.Event)) error {
	h.mu.Lock()
	for _, e := range h.all() {
		push(e)
	}
	h.push = push
	h.mu.Unlock()
	<-ctx.Done()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.push = nil
	return nil
}

// Note keeps what went wrong.
func (h *hall) Note(n engine.Note) {
	if n.Warning {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.lost = append(h.lost, n.Reason+" "+n.About.Name+": "+n.Message)
	}
}

// Do carries out writes to the cluster.
func (h *hall) Do(_ context.Context, f engine.Effect) (engine.Done, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	done := engine.Done{Effect: f}
	var err error
	switch f := f.(type) {
	case engine.CreateClaim:
		c := *f.Claim
		c.UID, c.Created = "", h.now()
		var o *store.Claim
		if o, err = h.store.Claims.Create(c.Name, &c); o != nil && o.Now != nil && !o.Now.Deleting() {
			err, done.Revision = nil, o.Now.Revision
		}
	case engine.PatchClaim:
		done.Revision, err = h.store.Claims.Update(f.Name, f.UID, f.Revision, func(c *cluster.Claim) {
			c.Annotations = maps.Clone(c.Annotations)
			maps.Copy(c.Annotations, f.Annotations)
			c.Finalizers = f.Finalizers
			if f.Launch != nil {
				c.Launch = f.Launch
			}
		})
	case engine.PatchClaimStatus:
		done.Revision, err = h.store.Claims.Update(f.Name, f.UID, f.Revision, func(c *cluster.Claim) {
			c.ProviderID, c.NodeName, c.ImageID = f.ProviderID, f.NodeName, f.ImageID
			c.Capacity, c.Allocatable, c.Conditions, c.LastPodEvent = f.Capacity, f.Allocatable, f.Conditions, f.LastPodEvent
		})
	case engine.DeleteClaim:
		err = h.store.Claims.Delete(f.Name, f.UID, h.now())
	case engine.Tolerate:
		done.Revision, err = h.store.Pods.Update(f.Namespace+"/"+f.Name, f.UID, f.Revision, func(p *cluster.Pod) {
			p.Reserved = append(slices.Clone(p.Reserved), cluster.ReservedTaint(f.Claim).Value)
		})
	case engine.PatchPoolStatus:
		done.Revision, err = h.store.Pools.Update(f.Name, f.UID, f.Revision, func(p *cluster.Pool) { p.Conditions, p.Resources = f.Conditions, f.Resources })
	case engine.PatchClassStatus:
		done.Revision, err = h.store.Classes.Update(f.Ref.String(), f.UID, f.Revision, func(c *cluster.NodeClass) { c.Conditions = f.Conditions })
	default:
		return done, false
	}
	var refused *store.Error
	if errors.As(err, &refused) {
		done.Err = &engine.Failure{Kind: engine.Conflict, Message: refused.Message}
		if refused.Kind == store.NotFound {
			done.Err.Kind = engine.Missing
		}
	}
	return done, true
}

// launched counts the claims and those that have an instance.
func (h *hall) launched() (claims, launched int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.store.Claims.Each(func(o *store.Claim) bool {
		claims++
		if o.Now.ProviderID != "" && o.Now.Is(cluster.Launched) {
			launched++
		}
		return true
	})
	return claims, launched
}

// providerIDs are those of the claims, sorted.
func (h *hall) providerIDs() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	h.store.Claims.Each(func(o *store.Claim) bool { out = append(out, o.Now.ProviderID); return true })
	slices.Sort(out)
	return out
}

// furnish puts a node class, three pools and waiting pods of sixty kinds into the cluster:
// everyday ones, some that want a zone, an architecture or not to be interrupted, and
// some of a team that has a pool to itself. Their nodes have up to 16 cores.
func (h *hall) furnish(pods int, seed uint64) error {
	nc := class(nil)
	if _, err := h.store.Classes.Create(nc.Ref.String(), &nc); err != nil {
		return err
	}
	in := func(key string, values ...string) cluster.Requirement {
		return cluster.Requirement{Key: key, Operator: cluster.In, Values: values}
	}
	usual := []cluster.Requirement{
		in(catalog.LabelCategory, "c", "m", "r"), {Key: catalog.LabelGeneration, Operator: cluster.Gt, Values: []string{"4"}},
		{Key: catalog.LabelCPU, Operator: cluster.Lt, Values: []string{"17"}},
	}
	team := cluster.Taint{Key: "team", Value: "data", Effect: cluster.NoSchedule}
	for _, p := range []cluster.Pool{
		{Name: "general", Requirements: append(slices.Clone(usual), in(cluster.LabelArch, "amd64", "arm64"))},
		{Name: "steady", Weight: 1, Requirements: append(slices.Clone(usual), in(cluster.LabelCapacityType, cluster.OnDemand), in(cluster.LabelArch, "amd64")), Labels: cluster.Labels{"steady": "yes"}},
		{Name: "data", Requirements: append(slices.Clone(usual), in(cluster.LabelArch, "amd64")), Labels: cluster.Labels{"team": "data"}, Taints: []cluster.Taint{team}},
	} {
		p.Class, p.Generation, p.Hash = nc.Ref, 1, "h-"+p.Name
		if _, err := h.store.Pools.Create(p.Name, &p); err != nil {
			return err
		}
	}
	chance := rand.New(rand.NewPCG(seed, 1))
	var demands cluster.Demands
	const kinds = 60
	for k := range kinds {
		d := cluster.Demand{Requests: cluster.NewResources(map[string]int64{
			cluster.CPU: []int64{100, 250, 500, 1000, 2000, 4000}[chance.IntN(6)] + int64(k), cluster.Memory: int64(128+chance.IntN(8000)) << 20, cluster.Pods: 1,
		})}
		switch k % 10 {
		case 5:
			d.Selector = []cluster.Requirement{in(cluster.LabelZone, "us-west-2b")}
		case 6:
			d.Selector = []cluster.Requirement{in(cluster.LabelArch, "arm64")}
		case 7:
			d.Selector = []cluster.Requirement{in("steady", "yes")}
		case 8:
			d.Selector = []cluster.Requirement{in("team", "data")}
			d.Tolerations = []cluster.Toleration{{Key: "team", Operator: cluster.Exists}}
		case 9:
			d.Selector = []cluster.Requirement{in(cluster.LabelCapacityType, cluster.OnDemand)}
		}
		interned := demands.Intern(d)
		for n := range (pods - k + kinds - 1) / kinds {
			p := cluster.Pod{
				Namespace: "default", Name: fmt.Sprintf("p-%02d-%05d", k, n), Demand: interned, UnschedulableSince: h.now(),
				Owner: cluster.Owner{Kind: "ReplicaSet", Name: fmt.Sprint("kind-", k), UID: fmt.Sprint("kind-", k)},
			}
			if _, err := h.store.Pods.Create(p.Namespace+"/"+p.Name, &p); err != nil {
				return err
			}
		}
	}
	return nil
}

// complaints are the notes of failures, at most a few.
func (h *hall) complaints() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.lost[:min(len(h.lost), 5)], "\n")
}
