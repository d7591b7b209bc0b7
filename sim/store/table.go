package store

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"

	"github.com/ullage-sh/ullage/cluster"
)

// Object is one object from its creation to its end. Another of the same name
// created later is another Object.
type Object[T any] struct {
	Key string // name, or namespace/name
	// Now is the object as it is, nil once it is gone.
	Now *T
	// Told is for whoever carries changes to a watcher and keeps those of one object
	// in order: when the last one arrives.
	Told cluster.Instant
	// Mark is for whoever made the object: what he knows of it beside its record.
	Mark any
}

// meta is what all kinds of records have.
type meta struct {
	uid, revision *string
	deleting      *cluster.Instant
	finalizers    *[]string // nil for kinds without
}

// Table holds the objects of one kind.
type Table[T any] struct {
	kind     string
	store    *Store
	meta     func(*T) meta
	differ   func(a, b *T) bool // a quick look that may overlook differences; nil for none
	objects  map[string]*Object[T]
	watchers []func(o *Object[T], old *T)
}

// Watch makes f hear of every change from now on: o.Now is the record after it, nil
// when the object is gone, and old the one before, nil when it is new.
func (t *Table[T]) Watch(f func(o *Object[T], old *T)) { t.watchers = append(t.watchers, f) }

// Get returns the object of that key that is there, or nil.
func (t *Table[T]) Get(key string) *Object[T] { return t.objects[key] }

// Len is the number of objects.
func (t *Table[T]) Len() int { return len(t.objects) }

// All returns the objects in the order of their keys.
func (t *Table[T]) All() []*Object[T] {
	out := make([]*Object[T], 0, len(t.objects))
	for _, k := range slices.Sorted(maps.Keys(t.objects)) {
		out = append(out, t.objects[k])
	}
	return out
}

// Each yields the objects in no order: for sums.
func (t *Table[T]) Each(yield func(*Object[T]) bool) {
	for _, o := range t.objects {
		if !yield(o) {
			return
		}
	}
}

// Create adds a record. It gets a revision, and a UID unless it has one.
func (t *Table[T]) Create(key string, record *T) (*Object[T], error) {
	if have := t.objects[key]; have != nil {
		return have, &Error{Exists, t.kind + " " + key + " already exists"}
	}
	m := t.meta(record)
	*m.revision = t.store.next()
	if *m.uid == "" {
		*m.uid = t.kind + "-" + *m.revision
	}
	o := &Object[T]{Key: key, Now: record}
	t.objects[key] = o
	t.tell(o, nil)
	return o, nil
}

// Set replaces the record of an object that is there, whatever its revision: for the
// control plane's own writers. An object that is being deleted and has no finalizer
// left goes.
func (t *Table[T]) Set(o *Object[T], record *T) {
	old := o.Now
	m := t.meta(record)
	*m.revision = t.store.next()
	o.Now = record
	if m.finalizers != nil && *m.deleting != 0 && len(*m.finalizers) == 0 {
		t.gone(o, old)
		return
	}
	t.tell(o, old)
}

// Remove takes an object away, whatever holds it.
func (t *Table[T]) Remove(o *Object[T]) {
	if o.Now != nil {
		t.gone(o, o.Now)
	}
}

// Update changes the object of that key, provided it still has this UID and revision,
// and returns the revision it then has. A change that changes nothing is no write.
func (t *Table[T]) Update(key, uid, revision string, change func(*T)) (string, error) {
	o := t.objects[key]
	if o == nil {
		return "", &Error{NotFound, t.kind + " " + key + " not found"}
	}
	if m := t.meta(o.Now); *m.uid != uid || *m.revision != revision {
		return "", &Error{Conflict, fmt.Sprintf("%s %s has been modified: it is at revision %s, the change was based on %s", t.kind, key, *m.revision, revision)}
	}
	record := *o.Now
	change(&record)
	if (t.differ == nil || !t.differ(&record, o.Now)) && reflect.DeepEqual(record, *o.Now) {
		return revision, nil
	}
	t.Set(o, &record)
	return *t.meta(&record).revision, nil
}

// Delete asks for the end of the object with this UID. That it is gone is no error.
func (t *Table[T]) Delete(key, uid string, now cluster.Instant) error {
	o := t.objects[key]
	if o == nil {
		return nil
	}
	m := t.meta(o.Now)
	switch {
	case *m.uid != uid:
		return &Error{Conflict, t.kind + " " + key + " is another one: its UID is " + *m.uid + ", not " + uid}
	case *m.deleting != 0:
		return nil
	}
	record := *o.Now
	*t.meta(&record).deleting = now
	t.Set(o, &record)
	return nil
}

func (t *Table[T]) gone(o *Object[T], old *T) {
	o.Now = nil
	delete(t.objects, o.Key)
	t.tell(o, old)
}

func (t *Table[T]) tell(o *Object[T], old *T) {
	for _, f := range t.watchers {
		f(o, old)
	}
}

// Error is why the API server did not do as it was told.
type Error struct {
	Kind    ErrorKind
	Message string
}

func (e *Error) Error() string { return e.Message }

// ErrorKind tells errors apart.
type ErrorKind uint8

// The kinds of error.
const (
	NotFound ErrorKind = iota
	Exists
	Conflict
	// Blocked: a disruption budget forbids the eviction for now.
	Blocked
	// Internal: more than one budget covers the pod, which the Eviction API does not
	// serve.
	Internal
)

// next is the revision of the next write.
func (s *Store) next() string {
	s.revision++
	return strconv.FormatInt(s.revision, 10)
}
