package engine

import "github.com/ullage-sh/ullage/cluster"

// BufferChanged says that a CapacityBuffer, or what it refers to, was added or changed;
// Buffer is nil when it is gone or is not ours to fill.
type BufferChanged struct {
	ID     string // namespace/name
	Buffer *cluster.CapacityBuffer
}

// PatchBufferStatus replaces the status of a CapacityBuffer that is still at Revision.
type PatchBufferStatus struct {
	Namespace, Name, UID, Revision string
	Generation                     int64 // that the status is about
	Status                         cluster.BufferStatus
}

// Key implements Effect.
func (e PatchBufferStatus) Key() string { return bufferKey(e.Namespace + "/" + e.Name) }

func bufferKey(id string) string { return "buffer/" + id }

func (ev BufferChanged) apply(e *Engine) {
	old := e.buffers[ev.ID]
	if ev.Buffer == nil {
		delete(e.buffers, ev.ID)
		e.observedGone(bufferKey(ev.ID))
		if old != nil {
			e.headroom.drop(old)
			e.replan()
		}
		return
	}
	e.buffers[ev.ID] = ev.Buffer
	e.agenda.by(job{jobBuffer, ev.ID}, e.now)
	e.observed(bufferKey(ev.ID), ev.Buffer.Revision, false)
	if old == nil || old.UID != ev.Buffer.UID || old.Demand != ev.Buffer.Demand || old.Chunks != ev.Buffer.Chunks { // more than its status
		if old != nil {
			e.headroom.drop(old)
		}
		e.headroom.chunks[ev.ID] = ev.Buffer.Pods(e.now)
		e.replan()
	}
}

// doBuffer says in the status of a buffer what a chunk is made of and how many there are
// to be, or why nobody knows.
func (e *Engine) doBuffer(id string) cluster.Instant {
	b := e.buffers[id]
	if b == nil {
		return cluster.Never
	}
	want := e.conditions(b.Status.Conditions)
	if p := b.Problem; p.Reason != "" {
		want.set(cluster.ReadyForProvisioning, "False", p.Reason, p.Message)
	} else {
		want.set(cluster.ReadyForProvisioning, "True", "Resolved", "")
	}
	e.provisioned(b, want)
	now := b.Status
	if want.changed || now.Chunks != b.Chunks || now.Template != b.Template || now.TemplateGeneration != b.TemplateGeneration || now.Strategy != b.Strategy {
		e.issue(PatchBufferStatus{
			Namespace: b.Namespace, Name: b.Name, UID: b.UID, Revision: b.Revision, Generation: b.Generation,
			Status: cluster.BufferStatus{Conditions: want.list, Chunks: b.Chunks, Template: b.Template, TemplateGeneration: b.TemplateGeneration, Strategy: b.Strategy},
		})
	}
	return cluster.Never
}
