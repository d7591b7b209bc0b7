package operator

import (
	"cmp"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// disrupted are the notes that tell of the deletion of a claim, with the reasons that
// Karpenter counts them under.
var disrupted = map[string]string{
	string(cluster.ReasonEmpty): "empty", string(cluster.ReasonUnderutilized): "underutilized", string(cluster.ReasonDrifted): "drifted",
	string(cluster.ReasonExpired): "expired", string(cluster.ReasonInterrupted): "spot_interrupted",
	"Unhealthy": "unhealthy", "InsufficientCapacityError": "insufficient_capacity", "InstanceVanished": "garbage_collected",
	"NodeClassNotReady": "nodeclass_not_ready", "LaunchTimeout": "launch_timeout", "RegistrationTimeout": "registration_timeout",
}

// note counts what a note tells of.
func (m *Meters) note(n engine.Note) {
	m.notes.WithLabelValues(n.Reason).Inc()
	if n.Decision != nil {
		m.decided(n.Decision)
	}
	var was cluster.OfferingID
	if n.Bought != nil {
		was = n.Bought.Offering
	}
	if why, ok := disrupted[n.Reason]; ok && n.About.Kind == "NodeClaim" {
		m.claimsDisrupted.WithLabelValues(n.Pool, why, was.CapacityType).Inc()
	}
	switch n.Reason {
	case "Registered":
		m.nodesCreated.WithLabelValues(n.Pool).Inc()
	case "Terminated":
		m.claimsTerminated.WithLabelValues(n.Pool, was.CapacityType, was.Zone).Inc()
		m.claimsEnding.WithLabelValues(n.Pool).Observe(seconds(n.Ended))
	case "Drained":
		m.nodesDrained.WithLabelValues(n.Pool).Inc()
		m.nodesTerminated.WithLabelValues(n.Pool).Inc()
		m.ending.WithLabelValues(n.Pool).Observe(seconds(n.Ended))
		m.lived.WithLabelValues(n.Pool).Observe(seconds(n.Lived))
	case "Evicted":
		m.evictions.WithLabelValues("200").Inc()
		m.drained.WithLabelValues(cmp.Or(string(n.Why), "Forceful Termination")).Inc() // Karpenter's words
	case "FailedDraining":
		m.evictions.WithLabelValues("429").Inc()
	}
}

// decided counts an action that was begun or given up.
func (m *Meters) decided(d *engine.Decision) {
	how := "delete"
	if d.Replaces {
		how = "replace"
	}
	switch d.Failed {
	case engine.Unreplaced:
		m.unreplaced.WithLabelValues(how, lower(d.Why), consolidation(d)).Inc()
	case engine.Outdated:
		m.outdated.Inc()
	default:
		m.decisions.WithLabelValues(how, lower(d.Why), consolidation(d)).Inc()
		if d.Saving > 0 {
			m.saved.Add(dollars(d.Saving))
		}
	}
}

// consolidation is what Karpenter calls the way in which a disruption was found, "" for one
// that is not to save money.
func consolidation(d *engine.Decision) string {
	switch {
	case d.Why == cluster.ReasonEmpty:
		return "empty"
	case d.Why == cluster.ReasonUnderutilized && d.Hosts > 1:
		return "multi"
	case d.Why == cluster.ReasonUnderutilized && d.Hosts == 1:
		return "single"
	}
	return ""
}

func seconds(d cluster.Duration) float64 { return float64(d) / float64(cluster.Second) }
