package cluster_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

// TestDemands: what differs for the scheduler is another demand, what does not
// is the same pointer.
func TestDemands(t *testing.T) {
	var s cluster.Demands
	requests := cluster.NewResources(map[string]int64{cluster.CPU: 100, cluster.Pods: 1})
	in := func(key string, values ...string) cluster.Requirement {
		return cluster.Requirement{Key: key, Operator: cluster.In, Values: values}
	}
	base := s.Intern(cluster.Demand{Requests: requests, Selector: cluster.Term{in("a", "1"), in("b", "2", "3")}})
	for name, same := range map[string]cluster.Demand{
		"selector in another order": {Requests: requests, Selector: cluster.Term{in("b", "3", "2"), in("a", "1")}},
		"a key from elsewhere":      {Key: "x", Requests: requests, Selector: cluster.Term{in("a", "1"), in("b", "2", "3")}},
	} {
		if s.Intern(same) != base {
			t.Errorf("%s: another demand", name)
		}
	}
	other := map[string]cluster.Demand{
		"plain":                     {Requests: requests},
		"other requests":            {Requests: cluster.NewResources(map[string]int64{cluster.CPU: 200, cluster.Pods: 1})},
		"affinity for nothing":      {Requests: requests, Affinity: []cluster.Term{}},
		"affinity, an empty term":   {Requests: requests, Affinity: []cluster.Term{{}}},
		"affinity, one term":        {Requests: requests, Affinity: []cluster.Term{{in("a", "1"), in("b", "2")}}},
		"affinity, two terms":       {Requests: requests, Affinity: []cluster.Term{{in("a", "1")}, {in("b", "2")}}},
		"a comma in a value":        {Requests: requests, Selector: cluster.Term{in("a", "1,2")}},
		"two values":                {Requests: requests, Selector: cluster.Term{in("a", "1", "2")}},
		"quotes in a value":         {Requests: requests, Selector: cluster.Term{in("a", `1","2`)}},
		"toleration":                {Requests: requests, Tolerations: []cluster.Toleration{{Key: "a"}}},
		"toleration that exists":    {Requests: requests, Tolerations: []cluster.Toleration{{Key: "a", Operator: cluster.Exists}}},
		"toleration of a value":     {Requests: requests, Tolerations: []cluster.Toleration{{Key: "a", Value: "b"}}},
		"toleration of an effect":   {Requests: requests, Tolerations: []cluster.Toleration{{Key: "a", Effect: cluster.NoExecute}}},
		"refused":                   {Requests: requests, Refused: []string{"x"}},
		"refused for two reasons":   {Requests: requests, Refused: []string{"x", "y"}},
		"refused for a long reason": {Requests: requests, Refused: []string{"xy"}},
	}
	seen := map[*cluster.Demand]string{base: "base"}
	for name, d := range other {
		got := s.Intern(d)
		if twin, ok := seen[got]; ok {
			t.Errorf("%s and %s are one demand", name, twin)
		}
		seen[got] = name
		if s.Intern(d) != got || s.Intern(*got) != got {
			t.Errorf("%s: interned twice", name)
		}
	}
}
