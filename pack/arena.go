package pack

// arena hands out slices of zeros, all of which are given back at once. What has been
// handed out keeps its place when more is asked for than there is room for.
type arena[T any] []T

func (a *arena[T]) take(n int) []T {
	if cap(*a)-len(*a) < n {
		*a = make([]T, 0, 2*cap(*a)+n)
	}
	first := len(*a)
	*a = (*a)[:first+n]
	out := (*a)[first : first+n : first+n]
	clear(out)
	return out
}

// reserve has room for so much, if nothing has been handed out.
func (a *arena[T]) reserve(n int) {
	if cap(*a) < n {
		*a = make([]T, 0, n)
	}
}

// reset takes everything back.
func (a *arena[T]) reset() { *a = (*a)[:0] }

// zeros returns n zeros, in the array of s if that is large enough.
func zeros[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	clear(s[:n])
	return s[:n]
}
