package solve

import (
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/pack"
)

// Proof is what the bound of a snapshot's plan rests on.
func Proof(snap *cluster.Snapshot, opt Options) (*pack.Problem, *pack.Proof) {
	return best(snap, opt).proof()
}
