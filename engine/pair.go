package engine

import (
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// pair is the claim and the node of an instance, as far as they are there.
type pair struct {
	claim *cluster.Claim
	node  *cluster.Node
}

// nodeOn is the node of an instance, nil for none.
func (w *world) nodeOn(providerID string) *cluster.Node {
	if x := w.pairs[providerID]; x != nil {
		return x.node
	}
	return nil
}

// claimOn is the claim of an instance, nil for none.
func (w *world) claimOn(providerID string) *cluster.Claim {
	if x := w.pairs[providerID]; x != nil {
		return x.claim
	}
	return nil
}

// pairNode notes which node an instance has now.
func (w *world) pairNode(providerID string, n *cluster.Node) {
	x := w.pairOf(providerID)
	x.node = n
	w.unpair(providerID, x)
}

// pairClaim notes which claim an instance has now.
func (w *world) pairClaim(providerID string, c *cluster.Claim) {
	x := w.pairOf(providerID)
	x.claim = c
	w.unpair(providerID, x)
}

func (w *world) pairOf(providerID string) *pair {
	x := w.pairs[providerID]
	if x == nil {
		x = &pair{}
		w.pairs[providerID] = x
		id := instanceID(providerID)
		w.providers[id] = append(w.providers[id], providerID)
	}
	return x
}

// unpair forgets an instance that has neither.
func (w *world) unpair(providerID string, x *pair) {
	if x.claim != nil || x.node != nil {
		return
	}
	delete(w.pairs, providerID)
	id := instanceID(providerID)
	others := slices.DeleteFunc(w.providers[id], func(p string) bool { return p == providerID })
	if w.providers[id] = others; len(others) == 0 {
		delete(w.providers, id)
	}
}

// instanceID is what the cloud calls an instance: the last part of its provider id.
func instanceID(providerID string) string {
	return providerID[strings.LastIndexByte(providerID, '/')+1:]
}
