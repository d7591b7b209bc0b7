package world

import (
	"encoding/json"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// memo is what the machine room keeps with the machines of a launch, so that a world that
// is made later finds instances in it and not just machines: what they were launched with,
// but for user data and capacity reservations, and what they were tagged with then.
type memo struct {
	At       cluster.Instant
	Together string // id of what was launched together
	Machine  Machine
	Tags     Tags `json:",omitempty"`
}

func (m memo) text() string {
	m.Machine.UserData = ""
	text, err := json.Marshal(m)
	if err != nil {
		panic(err) // numbers and texts always marshal
	}
	return string(text)
}

// remember makes the instance again that a machine was launched as; nil if it was not
// launched through AWS.
func (w *World) remember(m *simulated.Machine) *Instance {
	var kept memo
	if m.Memo == "" || json.Unmarshal([]byte(m.Memo), &kept) != nil {
		return nil
	}
	l := m.Labels
	pool := cluster.OfferingID{InstanceType: l[cluster.LabelInstanceType], Zone: l[cluster.LabelZone], CapacityType: l[cluster.LabelCapacityType]}
	i := w.instanceOf(m.InstanceID, pool, kept)
	i.PrivateIP, i.PrivateDNS = m.InternalIP, m.Name
	w.enter(i)
	w.tagNew(i, kept.Tags)
	return i
}
