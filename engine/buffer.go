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
			e.replan()
		}
		return
	}
	e.buffers[ev.ID] = ev.Buffer
	e.observed(bufferKey(ev.ID), ev.Buffer.Revision, false)
	if old == nil || old.UID != ev.Buffer.UID || old.Demand != ev.Buffer.Demand || old.Chunks != ev.Buffer.Chunks { // more than its status
		e.replan()
	}
}
