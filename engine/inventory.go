package engine

import (
	"math"

	"github.com/ullage-sh/ullage/cluster"
)

// inventory is what is known of the cloud's instances.
type inventory struct {
	byProvider map[string]*instance
	// listed is when the last complete list was asked for.
	listed cluster.Instant
	asked  cluster.Instant
	// last are the instances of the last list, in its order.
	last []*instance
	// missing: instances of claims that the last lists did not show, and since
	// when.
	missing map[string]cluster.Instant
}

// instance is one of them.
type instance struct {
	cluster.Instance
	at    int  // where it is in the last list, if that shows it and it was not forgotten since
	alive bool // the last list showed it, and that it had not ended
}

func newInventory() inventory {
	return inventory{byProvider: map[string]*instance{}, missing: map[string]cluster.Instant{}}
}

// see notes what the cloud said of an instance.
func (v *inventory) see(i cluster.Instance) {
	v.of(i.ProviderID).Instance = i
	delete(v.missing, i.ProviderID)
}

// sawState notes what has become of an instance.
func (v *inventory) sawState(providerID string, state cluster.InstanceState) {
	v.of(providerID).State = state
}

// of is the record of an instance.
func (v *inventory) of(providerID string) *instance {
	x := v.byProvider[providerID]
	if x == nil {
		x = &instance{Instance: cluster.Instance{ProviderID: providerID}}
		v.byProvider[providerID] = x
	}
	return x
}

// forget drops an instance that nobody cares for any more.
func (v *inventory) forget(providerID string) {
	if x := v.byProvider[providerID]; x != nil {
		x.at = math.MaxInt
	}
	delete(v.byProvider, providerID)
	delete(v.missing, providerID)
}

// known is what is known of an instance, nothing if it is not there.
func (v *inventory) known(providerID string) cluster.Instance {
	if x := v.byProvider[providerID]; x != nil {
		return x.Instance
	}
	return cluster.Instance{}
}

// gone tells whether an instance is known to have ended.
func (v *inventory) gone(providerID string) bool {
	x := v.byProvider[providerID]
	return x != nil && x.State == cluster.InstanceTerminated
}

// alive tells whether the last list showed an instance, and that it had not ended.
func (v *inventory) alive(providerID string) bool {
	x := v.byProvider[providerID]
	return x != nil && x.alive
}

// takeList takes note of a complete list, and returns those instances of it that are not what
// they were, by provider id. Mostly a list is the last one but for a few, in the same order:
// then an instance is found behind the one before it, and not by its name.
func (v *inventory) takeList(list []cluster.Instance) (other map[string]bool) {
	for _, x := range v.last {
		x.alive = false
	}
	other = map[string]bool{}
	next := make([]*instance, len(list))
	at := 0 // where the next one was in the last list, most likely
	for n := range list {
		i := &list[n]
		var x *instance
		if at < len(v.last) && v.last[at].at == at && v.last[at].ProviderID == i.ProviderID {
			x = v.last[at]
		} else if x = v.byProvider[i.ProviderID]; x != nil && x.at < len(v.last) && v.last[x.at] == x {
			at = x.at
		}
		at++
		if x == nil || !sameInstance(&x.Instance, i) {
			other[i.ProviderID] = true
		}
		if x == nil {
			x = v.of(i.ProviderID)
		}
		x.Instance = *i
		x.alive = i.State != cluster.InstanceTerminated && i.State != cluster.InstanceShuttingDown
		next[n], x.at = x, n
	}
	v.last = next
	return other
}

// sameInstance tells whether nothing has become of an instance that a claim could care for.
func sameInstance(a, b *cluster.Instance) bool {
	return a.State == b.State && a.Offering == b.Offering && a.ImageID == b.ImageID && a.Hash == b.Hash
}
