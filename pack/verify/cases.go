package verify

import (
	"fmt"
	"math/big"
)

// cases checks the tree of cases.
func (c *checker) cases() error {
	if len(c.part.Cases) == 0 {
		if c.part.Bound > 0 {
			return fmt.Errorf("nothing proves its bound %d", c.part.Bound)
		}
		return nil
	}
	need := make([]int64, len(c.part.Rows))
	for r := range need {
		need[r] = c.part.Rows[r].Need
	}
	return c.divide(0, 0, need, make([]bool, len(c.problem.Shapes)))
}

// divide checks a case and all it falls into. What is bought costs cost, need is
// still needed, and some shapes are forbidden.
func (c *checker) divide(at int32, cost int64, need []int64, forbidden []bool) error {
	x := &c.part.Cases[at]
	if x.Shape < 0 {
		if err := c.leaf(x.Prices, cost, need, forbidden); err != nil {
			return fmt.Errorf("case %d: %w", at, err)
		}
		return nil
	}
	rest := make([]int64, len(need))
	for r, v := range need {
		rest[r] = max(0, v-c.part.Rows[r].Most[x.Shape])
	}
	if err := c.divide(x.More, cost+c.price(x.Shape), rest, forbidden); err != nil {
		return err
	}
	was := forbidden[x.Shape]
	forbidden[x.Shape] = true
	err := c.divide(x.None, cost, need, forbidden)
	forbidden[x.Shape] = was
	return err
}

// price is what one node of a shape adds to the objective.
func (c *checker) price(shape int32) int64 {
	return c.problem.Shapes[shape].Price + c.problem.NodeCharge
}

// leaf checks that prices prove the part's bound in an undivided case.
func (c *checker) leaf(prices []int64, cost int64, need []int64, forbidden []bool) error {
	var worth, price big.Int
	for s, as := range c.part.As {
		if as != int32(s) || forbidden[s] {
			continue
		}
		total := c.worth(&worth, prices, func(r int) int64 { return min(c.part.Rows[r].Most[s], need[r]) })
		price.Lsh(big.NewInt(c.price(int32(s))), c.part.Shift)
		if total.Cmp(&price) > 0 {
			return fmt.Errorf("shape %d holds more worth than it costs", s)
		}
	}
	total := c.worth(&worth, prices, func(r int) int64 { return need[r] })
	one := big.NewInt(1)
	total.Add(total, price.Sub(price.Lsh(one, c.part.Shift), big.NewInt(1)))
	total.Rsh(total, c.part.Shift)
	total.Add(total, big.NewInt(cost))
	// Every objective is a multiple of what divides all costs.
	if grain := big.NewInt(c.grain()); grain.Sign() > 0 {
		total.Add(total, price.Sub(grain, big.NewInt(1)))
		total.Sub(total, price.Mod(total, grain))
	}
	if total.Cmp(big.NewInt(c.part.Bound)) < 0 {
		return fmt.Errorf("it proves %s, the claim is %d", total, c.part.Bound)
	}
	return nil
}

func (c *checker) worth(sum *big.Int, prices []int64, amount func(row int) int64) *big.Int {
	sum.SetInt64(0)
	var term big.Int
	for r, v := range prices {
		sum.Add(sum, term.Mul(big.NewInt(v), big.NewInt(amount(r))))
	}
	return sum
}

// grain is the greatest common divisor of what the shapes of the part cost.
func (c *checker) grain() int64 {
	grain := int64(0)
	for s, as := range c.part.As {
		if as == int32(s) {
			for a, b := grain, c.price(int32(s)); ; {
				if b == 0 {
					grain = a
					break
				}
				a, b = b, a%b
			}
		}
	}
	return grain
}
