package world

import (
	"maps"
	"slices"
	"strings"
)

// Tag is a key and a value.
type Tag struct{ Key, Value string }

// MaxTags is the bound on the tags of a resource, but for those of AWS itself.
const MaxTags = 50

// Tags lists the tags of a resource by key.
func (w *World) Tags(id string) []Tag {
	tags := w.tags[id]
	out := make([]Tag, 0, len(tags))
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, Tag{key, tags[key]})
	}
	return out
}

// Tagged lists the resources that have tags, sorted.
func (w *World) Tagged() []string { return slices.Sorted(maps.Keys(w.tags)) }

// SetTags adds tags to a resource and replaces those it has by that key. It tells whether
// there was room for them.
func (w *World) SetTags(id string, tags map[string]string) bool {
	if len(tags) == 0 {
		return true
	}
	all := maps.Clone(w.tags[id])
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, tags)
	own := 0
	for key := range all {
		if !strings.HasPrefix(key, "aws:") { // AWS's own do not count
			own++
		}
	}
	if own > MaxTags {
		return false
	}
	w.tags[id] = all
	return true
}

// RemoveTag takes a tag away. With a value, only where the tag has it.
func (w *World) RemoveTag(id, key string, value *string) {
	if value == nil || w.tags[id][key] == *value {
		delete(w.tags[id], key)
	}
}
