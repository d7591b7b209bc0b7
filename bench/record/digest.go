package record

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
)

// Digest is the SHA-256 of the plan's JSON, in hexadecimal: two plans with the same
// digest are the same, byte for byte.
func (p *Plan) Digest() (string, error) {
	hash := sha256.New()
	if err := json.NewEncoder(hash).Encode(p); err != nil {
		return "", fmt.Errorf("hashing a plan: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// Shuffled is the same input with everything in it that has no order of its own in
// another order.
func (in *Input) Shuffled(seed uint64) *Input {
	r := rand.New(rand.NewPCG(seed, 0))
	out := *in
	out.Pods, out.Running, out.Nodes, out.Types = shuffled(r, in.Pods), shuffled(r, in.Running), shuffled(r, in.Nodes), shuffled(r, in.Types)
	for i := range out.Types {
		out.Types[i].Offerings = shuffled(r, out.Types[i].Offerings)
	}
	return &out
}

func shuffled[T any](r *rand.Rand, list []T) []T {
	out := slices.Clone(list)
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}
