package manifest

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Options of reading.
type Options struct {
	// Namespace of objects that name none; "default" if empty.
	Namespace string
	// Stdin is what [Stdin] among the paths stands for.
	Stdin io.Reader
	// DefaultSpreads are the topology spread constraints of pods that have none.
	DefaultSpreads []corev1.TopologySpreadConstraint
}

// Source hands over objects that do not come from a stream, one by one, and returns
// notes for people.
type Source func(add func(Object)) (notes []string, err error)

// Read reads all objects under paths. A mistake in the input is an [Errors], with
// all mistakes that were found; any other error is one of finding or reading a file.
func Read(paths []string, opt Options) (*Objects, error) { return ReadWith(nil, paths, opt) }

// ReadWith is [Read] with the objects of a source beside those under paths; nil is
// no source. What stands in a file counts instead of what the source has.
func ReadWith(more Source, paths []string, opt Options) (*Objects, error) {
	list, err := sources(paths, opt.Stdin)
	if err != nil {
		return nil, err
	}
	r := &reader{collector: NewCollector(opt.Namespace), skipped: map[string]int{}, unknown: map[string]*unknownField{}}
	r.collector.convert.DefaultSpreads = opt.DefaultSpreads
	var notes []string
	if more != nil {
		notes, err = more(func(o Object) { r.collector.Add(Position{File: "cluster"}, o) })
		if err != nil {
			return nil, err
		}
	}
	for _, s := range list {
		if err := r.source(s); err != nil {
			return nil, err
		}
	}
	objects, err := r.collector.Objects()
	var mistakes Errors
	if err != nil && !errors.As(err, &mistakes) {
		return nil, err
	}
	if mistakes = append(r.mistakes, mistakes...); len(mistakes) > 0 {
		sort.SliceStable(mistakes, func(i, j int) bool { return mistakes[i].At.before(mistakes[j].At) })
		return nil, mistakes
	}
	objects.Notes = slices.Concat(notes, r.notes(), objects.Notes)
	return objects, nil
}

// reader reads sources into a collector.
type reader struct {
	collector *Collector
	mistakes  Errors
	skipped   map[string]int // by kind
	unknown   map[string]*unknownField
}

// unknownField is a field that some objects of a kind have and this version does
// not know.
type unknownField struct {
	count int
	first Position
}

func (r *reader) source(s source) error {
	in, err := s.open()
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read from
	err = split(s.name, in, r.decode)
	var mistake *Error
	if errors.As(err, &mistake) {
		r.fail(mistake)
		return nil
	}
	return err
}

func (r *reader) fail(e *Error) { r.mistakes = append(r.mistakes, e) }

func (r *reader) skip(gvk schema.GroupVersionKind) {
	r.skipped[typeMeta{gvk.GroupVersion().String(), gvk.Kind}.String()]++
}

func (r *reader) add(d decoded) {
	kind := d.object.GetObjectKind().GroupVersionKind().Kind
	for _, field := range d.unknown {
		if strings.HasPrefix(field, "status.") || strings.HasPrefix(field, "metadata.") {
			continue // nothing there that the API server would not have checked decides where a pod goes
		}
		u := r.unknown[kind+": "+field]
		if u == nil {
			u = &unknownField{first: d.at}
			r.unknown[kind+": "+field] = u
		}
		u.count++
	}
	r.collector.Add(d.at, d.object)
}

// notes tells what was left out.
func (r *reader) notes() []string {
	var out []string
	for _, field := range slices.Sorted(maps.Keys(r.unknown)) {
		u := r.unknown[field]
		s := fmt.Sprintf("%s is a field that this version does not know; first in %s", field, u.first)
		if u.count > 1 {
			s += ", " + strconv.Itoa(u.count) + " times in all"
		}
		out = append(out, s)
	}
	if len(r.skipped) > 0 {
		total, parts := 0, make([]string, 0, len(r.skipped))
		for _, kind := range slices.Sorted(maps.Keys(r.skipped)) {
			total += r.skipped[kind]
			parts = append(parts, strconv.Itoa(r.skipped[kind])+" "+kind)
		}
		noun := "objects"
		if total == 1 {
			noun = "object"
		}
		out = append(out, fmt.Sprintf("skipped %d %s of kinds that a plan does not read: %s", total, noun, strings.Join(parts, ", ")))
	}
	return out
}
