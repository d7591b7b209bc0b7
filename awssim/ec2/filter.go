package ec2

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/awssim/world"
)

// attributes says what the values of the things of one kind are under the names of
// filters.
type attributes[T any] map[string]func(T) []string

// one is an attribute with a single value.
func one[T any](get func(T) string) func(T) []string {
	return func(t T) []string { return []string{get(t)} }
}

// EC2's bounds on the filters of a request, and on the values of each.
const maxFilters, maxValues = 50, 200

// filtered returns the things that satisfy all filters: each has one of its values, in
// which * stands for any text and ? for any character. A thing with an id can also be
// filtered by tags; id is nil for kinds that have none.
func filtered[T any](w *world.World, all []T, filters []types.Filter, has attributes[T], id func(T) string) ([]T, error) {
	if len(filters) > maxFilters {
		return nil, wire.Errorf("FilterLimitExceeded", "The request has %d filters, of at most %d", len(filters), maxFilters)
	}
	out := all
	for _, f := range filters {
		name := aws.ToString(f.Name)
		get, ok := has[name]
		if !ok && id != nil {
			get, ok = byTag(w, name, id)
		}
		if !ok {
			return nil, wire.Errorf("InvalidParameterValue", "The filter '%s' is invalid", name)
		}
		if len(f.Values) > maxValues {
			return nil, wire.Errorf("FilterLimitExceeded", "The filter '%s' has %d values, of at most %d", name, len(f.Values), maxValues)
		}
		if len(f.Values) == 0 {
			return nil, wire.Errorf("InvalidParameterValue", "The filter '%s' has no values", name)
		}
		var kept []T
		for _, t := range out {
			if anyMatches(f.Values, get(t)) {
				kept = append(kept, t)
			}
		}
		out = kept
	}
	return out, nil
}

// byTag is the attribute that a filter on tags means: tag:Key, tag-key or tag-value.
func byTag[T any](w *world.World, name string, id func(T) string) (func(T) []string, bool) {
	key, isKey := strings.CutPrefix(name, "tag:")
	if !isKey && name != "tag-key" && name != "tag-value" {
		return nil, false
	}
	return func(t T) []string {
		var out []string
		for _, tag := range w.Tags(id(t)) {
			switch {
			case isKey && tag.Key == key, name == "tag-value":
				out = append(out, tag.Value)
			case name == "tag-key":
				out = append(out, tag.Key)
			}
		}
		return out
	}, true
}

func anyMatches(patterns, values []string) bool {
	for _, v := range values {
		for _, p := range patterns {
			if matches(p, v) {
				return true
			}
		}
	}
	return false
}

// matches tells whether a value fits a pattern: * is any text, ? any one byte, and \
// takes the meaning from what follows. It is linear in practice and never worse than the
// product of the lengths, whatever the pattern.
func matches(pattern, value string) bool {
	p, v := 0, 0
	star, mark := -1, 0 // the last star, and where the value was when it was met
	for v < len(value) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, v
			p++
			continue
		case p < len(pattern) && pattern[p] == '?':
			p, v = p+1, v+1
			continue
		case p+1 < len(pattern) && pattern[p] == '\\' && pattern[p+1] == value[v]:
			p, v = p+2, v+1
			continue
		case p < len(pattern) && pattern[p] != '\\' && pattern[p] == value[v]:
			p, v = p+1, v+1
			continue
		}
		if star < 0 {
			return false
		}
		mark++
		p, v = star+1, mark
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// selected returns the things with the given ids, all when none are given. An id that is
// not there is an error with the code.
func selected[T any](all []T, ids []string, code, what string, id func(T) string) ([]T, error) {
	if len(ids) == 0 {
		return all, nil
	}
	by := make(map[string]T, len(all))
	for _, t := range all {
		by[id(t)] = t
	}
	var out, missing = []T{}, []string{}
	taken := map[string]bool{}
	for _, want := range ids {
		t, ok := by[want]
		if !ok {
			missing = append(missing, want)
		} else if !taken[want] {
			out = append(out, t)
			taken[want] = true
		}
	}
	if len(missing) == 1 {
		return nil, wire.Errorf(code, "The %s ID '%s' does not exist", what, missing[0])
	}
	if len(missing) > 1 {
		return nil, wire.Errorf(code, "The %s IDs '%s' do not exist", what, strings.Join(missing, ", "))
	}
	return out, nil
}
