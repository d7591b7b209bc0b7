package pack

import "math/bits"

// wide is an unsigned integer of 128 bits. Sums that would not fit stay at the
// largest value, and are then bad.
type wide struct {
	hi, lo uint64
	bad    bool
}

func mul(a, b uint64) wide {
	hi, lo := bits.Mul64(a, b)
	return wide{hi: hi, lo: lo}
}

func (a wide) plus(b wide) wide {
	lo, carry := bits.Add64(a.lo, b.lo, 0)
	hi, carry := bits.Add64(a.hi, b.hi, carry)
	return wide{hi, lo, a.bad || b.bad || carry != 0}
}

// minus returns a − b, 0 where b is larger.
func (a wide) minus(b wide) wide {
	lo, borrow := bits.Sub64(a.lo, b.lo, 0)
	hi, borrow := bits.Sub64(a.hi, b.hi, borrow)
	if borrow != 0 {
		return wide{bad: a.bad || b.bad}
	}
	return wide{hi, lo, a.bad || b.bad}
}

func (a wide) less(b wide) bool {
	if a.hi != b.hi {
		return a.hi < b.hi
	}
	return a.lo < b.lo
}

func (a wide) min(b wide) wide {
	if b.less(a) {
		a.hi, a.lo = b.hi, b.lo
	}
	a.bad = a.bad || b.bad
	return a
}

// shifted returns a·2ⁿ for n < 64.
func (a wide) shifted(n uint) wide {
	bad := n > 0 && a.hi>>(64-n) != 0
	return wide{a.hi<<n | a.lo>>(64-n), a.lo << n, a.bad || bad}
}

// dividedUp returns a/2ⁿ rounded up for 0 < n < 64; ok is false when that is no
// int64 or a is bad.
func (a wide) dividedUp(n uint) (v int64, ok bool) {
	up := a.plus(wide{lo: 1<<n - 1})
	v = int64(up.hi<<(64-n) | up.lo>>n)
	return v, !up.bad && up.hi>>(n-1) == 0
}

func (a wide) float() float64 { return float64(a.hi)*(1<<32)*(1<<32) + float64(a.lo) }
