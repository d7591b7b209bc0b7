package cluster

import "testing"

func TestHostPortsConflict(t *testing.T) {
	port := func(ip string) HostPort { return HostPort{IP: ip, Protocol: "TCP", Port: 80} }
	for _, c := range []struct {
		a, b HostPort
		want bool
	}{
		{port(""), port("10.0.0.1"), true},
		{port("0.0.0.0"), port("::1"), true},
		{port("10.0.0.1"), port("10.0.0.1"), true},
		{port("10.0.0.1"), port("10.0.0.2"), false},
		{port("::"), port("10.0.0.1"), false}, // to the scheduler an address like any other
		{port("::"), port(""), true},
		{port(""), HostPort{Protocol: "UDP", Port: 80}, false},
		{port(""), HostPort{Protocol: "TCP", Port: 81}, false},
	} {
		if got := c.a.Conflicts(c.b); got != c.want || c.b.Conflicts(c.a) != got {
			t.Errorf("%v and %v: conflict %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

func TestNamespacesOfTheOwnTerms(t *testing.T) {
	none := Term{{Key: "team", Operator: DoesNotExist}}
	for _, c := range []struct {
		name   string
		labels Term
		all    bool
	}{
		{"no selector", nil, false},
		{"all", Term{}, true},
		{"with the label", Term{{Key: "env", Operator: Exists}}, false},
		{"without the label", none, true},
		{"another value", Term{{Key: "team", Operator: NotIn, Values: []string{"a"}}}, true},
		{"both", append(Term{{Key: "team", Operator: Exists}}, none...), false},
	} {
		s := &PodSelector{Namespaces: []string{"x"}, NamespaceLabels: c.labels, Labels: Term{}}
		namespaces := map[string]Labels{"y": {"team": "a"}}
		if got := s.own().Covers("y", namespaces); got != c.all {
			t.Errorf("%s: covers a namespace that it does not match: %v", c.name, got)
		}
		if strict := c.labels != nil && c.labels.Matches(namespaces["y"].Get); s.Covers("y", namespaces) != strict {
			t.Errorf("%s: own has changed the selector itself", c.name)
		}
	}
}
