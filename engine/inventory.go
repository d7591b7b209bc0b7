package engine

import "github.com/ullage-sh/ullage/cluster"

// inventory is what is known of the cloud's instances.
type inventory struct {
	byProvider map[string]*instance
	// listed is when the last complete list was asked for.
	listed cluster.Instant
	asked  cluster.Instant
	lists  int // how many complete ones there were
	// missing: instances of claims that the last lists did not show, and since
	// when.
	missing map[string]cluster.Instant
}

// instance is one of them.
type instance struct {
	cluster.Instance
	alive int // the last of the lists that showed it, and that it had not ended; 0 for none
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
	return x != nil && x.alive == v.lists && v.lists > 0
}

// takeList takes note of a complete list, and returns those instances of it that are not what
// they were, by provider id.
func (v *inventory) takeList(list []cluster.Instance) (other map[string]bool) {
	v.lists++
	other = map[string]bool{}
	for n := range list {
		i := &list[n]
		x, known := v.byProvider[i.ProviderID]
		if !known {
			x = v.of(i.ProviderID)
		}
		if !known || !sameInstance(&x.Instance, i) {
			other[i.ProviderID] = true
		}
		x.Instance = *i
		if i.State != cluster.InstanceTerminated && i.State != cluster.InstanceShuttingDown {
			x.alive = v.lists
		}
	}
	return other
}

// sameInstance tells whether nothing has become of an instance that a claim could care for.
func sameInstance(a, b *cluster.Instance) bool {
	return a.State == b.State && a.Offering == b.Offering && a.ImageID == b.ImageID && a.Hash == b.Hash
}
