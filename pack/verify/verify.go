package verify

import (
	"errors"
	"fmt"

	"github.com/ullage-sh/ullage/pack"
)

// Check returns nil if proof shows that its Bound holds for p, else what is wrong
// with it.
func Check(p *pack.Problem, proof *pack.Proof) error {
	if proof == nil {
		return errors.New("there is no proof")
	}
	if err := shaped(p, proof); err != nil {
		return err
	}
	sum := int64(0)
	partOf := make([]int, len(p.Shapes))
	for i := range proof.Parts {
		part := &proof.Parts[i]
		for s, as := range part.As {
			if as >= 0 && partOf[s] > 0 {
				return fmt.Errorf("shape %d is in parts %d and %d: what it costs would count twice", s, partOf[s]-1, i)
			}
			if as >= 0 {
				partOf[s] = i + 1
			}
		}
		c := checker{problem: p, proof: proof, part: part}
		if err := c.check(); err != nil {
			return fmt.Errorf("part %d: %w", i, err)
		}
		sum += part.Bound
	}
	if sum < proof.Bound {
		return fmt.Errorf("the parts prove %d, the claim is %d", sum, proof.Bound)
	}
	return nil
}

// shaped checks that all lists are as long as they must be and all indices are of
// something, so that what follows cannot run out of bounds.
func shaped(p *pack.Problem, proof *pack.Proof) error {
	if len(proof.Held) != len(p.Items) || (proof.Tier != nil && len(proof.Tier) != len(p.Items)) {
		return fmt.Errorf("the proof is about %d items, the problem has %d", len(proof.Held), len(p.Items))
	}
	for i, n := range proof.Held {
		if n < 0 {
			return fmt.Errorf("item %d: %d of it are held", i, n)
		}
	}
	for i := range proof.Parts {
		if err := shapedPart(p, &proof.Parts[i]); err != nil {
			return fmt.Errorf("part %d: %w", i, err)
		}
	}
	return nil
}

func shapedPart(p *pack.Problem, part *pack.Part) error {
	if len(part.As) != len(p.Shapes) || len(part.Units) != len(part.Dims) || part.Shift < 1 || part.Shift > 62 || part.Bound < 0 {
		return errors.New("its lists do not fit the problem")
	}
	seen := map[int32]bool{}
	for _, d := range part.Dims {
		if d < 0 || int(d) >= len(p.Room) || seen[d] {
			return fmt.Errorf("dimension %d is listed twice or does not exist", d)
		}
		seen[d] = true
	}
	for _, list := range part.Prices {
		if len(list) != len(part.Dims) || negative(list) {
			return errors.New("a list of prices is too short or has a negative price")
		}
	}
	for s, as := range part.As {
		if as < -1 || int(as) >= len(p.Shapes) || (as >= 0 && part.As[as] != as) {
			return fmt.Errorf("shape %d cannot count as shape %d", s, as)
		}
	}
	for i := range part.Rows {
		r := &part.Rows[i]
		if len(r.Values) != len(p.Items) || len(r.Most) != len(p.Shapes) || len(r.By) != len(p.Shapes) || len(r.HostBy) != len(p.Hosts) || len(r.HostMost) != len(p.Hosts) {
			return fmt.Errorf("row %d: its lists do not fit the problem", i)
		}
		if negative(r.Values) || negative(r.Most) || negative(r.HostMost) || r.Need < 0 {
			return fmt.Errorf("row %d: a number is negative", i)
		}
		for _, by := range append(append([]int32{}, r.By...), r.HostBy...) {
			if by < -1 || int(by) >= len(part.Prices) {
				return fmt.Errorf("row %d: there is no list of prices %d", i, by)
			}
		}
	}
	for i, x := range part.Cases {
		if x.Shape < 0 {
			if len(x.Prices) != len(part.Rows) || negative(x.Prices) {
				return fmt.Errorf("case %d: not one price for each row, none negative", i)
			}
			continue
		}
		if int(x.Shape) >= len(p.Shapes) || int(x.More) <= i || int(x.None) <= i || int(x.More) >= len(part.Cases) || int(x.None) >= len(part.Cases) {
			return fmt.Errorf("case %d: it must be divided by a shape into two later cases", i)
		}
		if part.As[x.Shape] != x.Shape {
			return fmt.Errorf("case %d: shape %d counts as another", i, x.Shape)
		}
	}
	return nil
}

func negative(list []int64) bool {
	for _, v := range list {
		if v < 0 {
			return true
		}
	}
	return false
}
