package engine

import "github.com/ullage-sh/ullage/cluster"

// referred holds what constraints of pods refer to. It only matters for where pods
// can go, so a change of it asks for a plan and nothing else.
type referred struct {
	namespaces     map[string]*cluster.Namespace
	overlays       map[string]*cluster.Overlay
	resourceClaims map[string]*cluster.ResourceClaim // by namespace/name
	resourceSlices map[string]*cluster.ResourceSlice
	deviceClasses  map[string]*cluster.DeviceClass
	gangs          map[string]*cluster.Gang // by Gang.ID
}

func newReferred() referred {
	return referred{
		namespaces: map[string]*cluster.Namespace{}, overlays: map[string]*cluster.Overlay{},
		resourceClaims: map[string]*cluster.ResourceClaim{}, resourceSlices: map[string]*cluster.ResourceSlice{},
		deviceClasses: map[string]*cluster.DeviceClass{}, gangs: map[string]*cluster.Gang{},
	}
}

// NamespaceChanged says that a namespace was added or changed; Namespace is nil
// when it is gone.
type NamespaceChanged struct {
	Name      string
	Namespace *cluster.Namespace
}

// OverlayChanged says the same of a NodeOverlay.
type OverlayChanged struct {
	Name    string
	Overlay *cluster.Overlay
}

// ResourceClaimChanged says the same of a ResourceClaim.
type ResourceClaimChanged struct {
	ID    string // namespace/name
	Claim *cluster.ResourceClaim
}

// ResourceSliceChanged says the same of a ResourceSlice.
type ResourceSliceChanged struct {
	Name  string
	Slice *cluster.ResourceSlice
}

// DeviceClassChanged says the same of a DeviceClass.
type DeviceClassChanged struct {
	Name  string
	Class *cluster.DeviceClass
}

// GangChanged says the same of a PodGroup.
type GangChanged struct {
	ID   string // [cluster.Gang.ID]
	Gang *cluster.Gang
}

func (ev GangChanged) apply(e *Engine) { keep(e, e.gangs, ev.ID, ev.Gang) }

func (ev ResourceClaimChanged) apply(e *Engine) { keep(e, e.resourceClaims, ev.ID, ev.Claim) }

func (ev ResourceSliceChanged) apply(e *Engine) { keep(e, e.resourceSlices, ev.Name, ev.Slice) }

func (ev DeviceClassChanged) apply(e *Engine) { keep(e, e.deviceClasses, ev.Name, ev.Class) }

func (ev NamespaceChanged) apply(e *Engine) { keep(e, e.namespaces, ev.Name, ev.Namespace) }

// keep stores a record, or drops it when it is nil.
func keep[T any](e *Engine, m map[string]*T, key string, record *T) {
	put(m, key, record)
	e.replan()
}

func put[T any](m map[string]*T, key string, record *T) {
	if record == nil {
		delete(m, key)
	} else {
		m[key] = record
	}
}
