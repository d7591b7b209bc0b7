package schedule

import "github.com/ullage-sh/ullage/cluster"

// Where there are hundreds of kinds of pods nearly all selectors name the label of one of
// them: whom a selector means is looked for among those that have that label.

// pair is a label with its value.
type pair struct{ key, value string }

// sought returns a label that all pods have which a selector means; ok is false if it asks for
// none.
func sought(s *cluster.PodSelector) (p pair, ok bool) {
	for _, r := range s.Labels {
		if r.Operator == cluster.In && len(r.Values) == 1 {
			return pair{r.Key, r.Values[0]}, true
		}
	}
	return pair{}, false
}

// selecting are things that have a selector, by the label that it asks for.
type selecting[T any] struct {
	by   map[pair][]T
	rest []T
}

func (x *selecting[T]) add(s *cluster.PodSelector, v T) {
	p, ok := sought(s)
	if !ok {
		x.rest = append(x.rest, v)
		return
	}
	if x.by == nil {
		x.by = map[pair][]T{}
	}
	x.by[p] = append(x.by[p], v)
}

// mayMean yields, in no order, those that may select pods of an identity: all others do not.
func (x *selecting[T]) mayMean(id *cluster.Identity, yield func(T)) {
	for key, value := range id.Labels {
		for _, v := range x.by[pair{key, value}] {
			yield(v)
		}
	}
	for _, v := range x.rest {
		yield(v)
	}
}

// selected are things that have an identity, by its labels.
type selected[T any] struct {
	by  map[pair][]T
	all []T
}

func (x *selected[T]) add(id *cluster.Identity, v T) {
	if x.by == nil {
		x.by = map[pair][]T{}
	}
	for key, value := range id.Labels {
		x.by[pair{key, value}] = append(x.by[pair{key, value}], v)
	}
	x.all = append(x.all, v)
}

// mayBeMeant returns those that a selector may select: all others it does not.
func (x *selected[T]) mayBeMeant(s *cluster.PodSelector) []T {
	if p, ok := sought(s); ok {
		return x.by[p]
	}
	return x.all
}
