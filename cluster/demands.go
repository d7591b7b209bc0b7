package cluster

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Demands interns demands: equal ones become one pointer, which is how pods are
// told to be of one class. The zero value is ready to use.
type Demands struct{ byKey map[string]*Demand }

// Intern returns the one demand that equals d. d.Key is ignored and computed
// anew; the parts of d are kept and must not be written afterwards.
func (s *Demands) Intern(d Demand) *Demand {
	d.SetKey()
	if have := s.byKey[d.Key]; have != nil {
		return have
	}
	if s.byKey == nil {
		s.byKey = map[string]*Demand{}
	}
	s.byKey[d.Key] = &d
	return &d
}

// SetKey computes Key from all other fields. What has no order for Kubernetes is
// sorted, so that a selector read from a map is the same demand each time.
func (d *Demand) SetKey() {
	var room [128]byte
	requests := room[:0]
	for _, a := range d.Requests {
		requests = strconv.AppendInt(append(append(requests, a.Name...), '='), a.Value, 10)
		requests = append(requests, ' ')
	}
	if d.bare = d.isBare(); d.bare {
		d.Key = string(requests)
		return
	}
	var b strings.Builder
	b.Write(requests)
	if len(d.Selector) > 0 {
		b.WriteString("selector" + termKey(d.Selector))
	}
	if d.Affinity != nil {
		b.WriteString("affinity")
		for _, t := range d.Affinity {
			b.WriteString(termKey(t))
		}
	}
	for _, t := range d.Tolerations {
		b.WriteString("tolerate(" + strconv.Quote(t.Key) + t.Operator.String() + strconv.Quote(t.Value) + strconv.Quote(string(t.Effect)) + ")")
	}
	d.constraintKeys(&b)
	for _, r := range d.HostAccess {
		b.WriteString("host(" + strconv.Quote(r) + ")")
	}
	for _, r := range d.Refused {
		b.WriteString("refused(" + strconv.Quote(r) + ")")
	}
	d.Key = b.String()
}

// isBare tells whether all fields below Requests are empty.
func (d *Demand) isBare() bool {
	return len(d.Selector)+len(d.Tolerations)+len(d.Spreads)+len(d.PodAffinity)+len(d.PodAntiAffinity)+
		len(d.Ports)+len(d.Volumes)+len(d.Preferences)+len(d.HostAccess)+len(d.Refused) == 0 &&
		d.Affinity == nil && d.PreferencePrice == nil
}

func termKey(t Term) string {
	parts := make([]string, 0, len(t))
	for _, r := range t {
		values := slices.Sorted(slices.Values(r.Values))
		for i, v := range values {
			values[i] = strconv.Quote(v)
		}
		parts = append(parts, strconv.Quote(r.Key)+" "+r.Operator.String()+" "+strings.Join(values, ","))
	}
	slices.SortFunc(parts, cmp.Compare[string])
	return "(" + strings.Join(parts, ";") + ")"
}
