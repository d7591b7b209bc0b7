package engine

import (
	"maps"
	"slices"
)

// validated is the condition of a NodeOverlay that says whether it is used.
const validated = "ValidationSucceeded"

// judgeOverlays writes into the status of NodeOverlays whether they are used, and tells
// once of each that cannot be beside another.
func (e *Engine) judgeOverlays(conflicting []string) {
	for _, name := range slices.Sorted(maps.Keys(e.overlays)) {
		o := e.overlays[name]
		want := e.conditions(o.Conditions)
		if slices.Contains(conflicting, name) {
			const why = "not used: another of the same weight changes the same"
			want.set(validated, "False", "Conflict", why)
			if !slices.Contains(e.provision.conflicting, name) {
				e.note(Note{About: Object{Kind: "NodeOverlay", Name: name, UID: o.UID}, Warning: true, Reason: "Conflict", Message: why})
			}
		} else {
			want.set(validated, "True", validated, "")
		}
		want.summarize(validated)
		if want.changed {
			e.issue(PatchOverlayStatus{Name: name, UID: o.UID, Revision: o.Revision, Conditions: want.list})
		}
	}
	e.provision.conflicting = conflicting
}

func (ev OverlayChanged) apply(e *Engine) {
	old := e.overlays[ev.Name]
	if ev.Overlay == nil {
		delete(e.overlays, ev.Name)
		e.observedGone(overlayKey(ev.Name))
		e.replan()
		return
	}
	e.overlays[ev.Name] = ev.Overlay
	e.observed(overlayKey(ev.Name), ev.Overlay.Revision, false)
	if old == nil || old.UID != ev.Overlay.UID || old.Generation != ev.Overlay.Generation { // more than its status
		e.replan()
	}
}
