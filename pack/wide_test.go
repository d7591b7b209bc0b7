package pack

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// TestWide holds wide against math/big.
func TestWide(t *testing.T) {
	value := func(w wide) *big.Int {
		v := new(big.Int).SetUint64(w.hi)
		return v.Lsh(v, 64).Add(v, new(big.Int).SetUint64(w.lo))
	}
	top := new(big.Int).Lsh(big.NewInt(1), 128)
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) wide {
			return mul(rapid.Uint64().Draw(t, name+" a"), rapid.Uint64().Draw(t, name+" b"))
		}
		a, b := draw("x"), draw("y")
		x, y := value(a), value(b)
		sum := new(big.Int).Add(x, y)
		if got := a.plus(b); got.bad != (sum.Cmp(top) >= 0) || (!got.bad && value(got).Cmp(sum) != 0) {
			t.Errorf("%v + %v = %v", x, y, got)
		}
		diff := new(big.Int).Sub(x, y)
		if diff.Sign() < 0 {
			diff.SetInt64(0)
		}
		if got := a.minus(b); value(got).Cmp(diff) != 0 {
			t.Errorf("%v − %v = %v", x, y, got)
		}
		if got := a.less(b); got != (x.Cmp(y) < 0) {
			t.Errorf("%v < %v = %v", x, y, got)
		}
		n := uint(rapid.IntRange(1, 63).Draw(t, "n"))
		shifted := new(big.Int).Lsh(x, n)
		if got := a.shifted(n); got.bad != (shifted.Cmp(top) >= 0) || (!got.bad && value(got).Cmp(shifted) != 0) {
			t.Errorf("%v << %d = %v", x, n, got)
		}
		up := new(big.Int).Add(x, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), n), big.NewInt(1)))
		over := up.Cmp(top) >= 0
		up.Rsh(up, n)
		v, ok := a.dividedUp(n)
		if ok != (up.IsInt64() && !over) || (ok && up.Int64() != v) {
			t.Errorf("%v / 2^%d = %d %v, want %v", x, n, v, ok, up)
		}
	})
}

// TestWideBad: what has overflowed once stays bad.
func TestWideBad(t *testing.T) {
	bad := mul(1<<63, 1<<63).plus(mul(1<<63, 1<<63)).plus(mul(1<<63, 1<<63)).plus(mul(1<<63, 1<<63))
	if !bad.bad {
		t.Fatal("2^128 fits into 128 bits")
	}
	if _, ok := bad.dividedUp(1); ok || !bad.plus(wide{}).bad || !bad.minus(wide{lo: 1}).bad || !(wide{lo: 1}).min(bad).bad {
		t.Error("a bad sum became good")
	}
}
