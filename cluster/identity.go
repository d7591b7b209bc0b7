package cluster

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Identity is what selectors see of a pod: its namespace and labels. Identities
// are interned ([Identities]) and compared by pointer, so that a selector is
// matched once for all pods of a ReplicaSet.
type Identity struct {
	// Key is the canonical text of the fields below.
	Key       string
	Namespace string
	Labels    Labels
}

// Identities interns identities. The zero value is ready to use.
type Identities struct{ byKey map[string]*Identity }

// Intern returns the one identity with this namespace and these labels. The map
// is kept and must not be written afterwards.
func (s *Identities) Intern(namespace string, labels Labels) *Identity {
	id := NewIdentity(namespace, labels)
	if have := s.byKey[id.Key]; have != nil {
		return have
	}
	if s.byKey == nil {
		s.byKey = map[string]*Identity{}
	}
	s.byKey[id.Key] = &id
	return &id
}

// NewIdentity is the identity with this namespace and these labels, for who interns
// by other means. The map is kept and must not be written afterwards.
func NewIdentity(namespace string, labels Labels) Identity {
	return Identity{Key: identityKey(namespace, labels), Namespace: namespace, Labels: labels}
}

func identityKey(namespace string, labels Labels) string {
	var b strings.Builder
	b.WriteString(strconv.Quote(namespace))
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		b.WriteString(" " + strconv.Quote(k) + "=" + strconv.Quote(labels[k]))
	}
	return b.String()
}

// PodSelector names pods by namespace and labels.
type PodSelector struct {
	// Namespaces are those named, sorted; NamespaceLabels selects more of them by
	// their labels: nil selects none, an empty term all.
	Namespaces      []string
	NamespaceLabels Term
	// Labels of the pods: nil selects none, an empty term all.
	Labels Term
}

// Matches tells whether a pod of identity id is selected. namespaces are the
// labels of each namespace.
func (s *PodSelector) Matches(id *Identity, namespaces map[string]Labels) bool {
	return s.Labels != nil && s.Covers(id.Namespace, namespaces) && s.Labels.Matches(id.Labels.Get)
}

// Covers tells whether pods of a namespace can be selected.
func (s *PodSelector) Covers(namespace string, namespaces map[string]Labels) bool {
	return slices.Contains(s.Namespaces, namespace) ||
		(s.NamespaceLabels != nil && s.NamespaceLabels.Matches(namespaces[namespace].Get))
}

// own is the selector as the scheduler reads it in a term of the pod that it places.
// Kubernetes 1.36 looks up the namespaces that match, and then takes the selector for
// a second time, of a namespace without labels: one that asks for nothing to be there
// (NotIn, DoesNotExist) selects every namespace. In terms of pods that run it is read
// right, and from 1.37 on in both (kubernetes/kubernetes#138198).
func (s *PodSelector) own() *PodSelector {
	if len(s.NamespaceLabels) == 0 || !s.NamespaceLabels.Matches(Labels(nil).Get) {
		return s
	}
	all := *s
	all.NamespaceLabels = Term{}
	return &all
}

func (s *PodSelector) key(b *strings.Builder) {
	b.WriteString("pods(")
	for _, n := range s.Namespaces {
		b.WriteString(strconv.Quote(n) + " ")
	}
	if s.NamespaceLabels != nil {
		b.WriteString("in" + termKey(s.NamespaceLabels))
	}
	if s.Labels != nil {
		b.WriteString(termKey(s.Labels))
	}
	b.WriteString(")")
}
