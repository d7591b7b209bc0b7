package engine

import (
	"strconv"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

// TestPlacesThatOthersTook: a pod that is about to leave its node and wants to be apart from
// others like it is not sent where one of them is by now, though there is room.
func TestPlacesThatOthersTook(t *testing.T) {
	for _, x := range []struct {
		name  string
		taken bool // another like it is there by now
		apart bool // it matters
		want  bool // it may go there
	}{{"taken", true, true, false}, {"free", false, true, true}, {"it does not matter", true, false, true}} {
		t.Run(x.name, func(t *testing.T) {
			e, there, waits := places(t)
			e.opts.Kinds = []string{"/"} // that of no class
			demand := *there.Demand
			identity := &cluster.Identity{Namespace: "default", Labels: cluster.Labels{"app": "web"}}
			if x.apart {
				demand.PodAntiAffinity = []cluster.PodAffinityTerm{{Key: cluster.LabelHostname, Pods: cluster.PodSelector{
					Namespaces: []string{"default"}, Labels: cluster.Term{{Key: "app", Operator: cluster.In, Values: []string{"web"}}}}}}
			}
			demand.SetKey()
			moves, other := *there, *waits
			moves.Demand, moves.Identity = &demand, identity
			other.Demand, other.Identity, other.UnschedulableSince, other.Phase = &demand, identity, 0, cluster.Running
			if other.Node = "on-spent"; x.taken {
				other.Node = "on-two"
			}
			has := cluster.NewResources(map[string]int64{cluster.CPU: 4000, cluster.Pods: 10})
			node := &cluster.Node{Name: "on-two", UID: "on-two", ProviderID: "i-two", Ready: true, Allocatable: has, Capacity: has, Labels: cluster.Labels{cluster.LabelHostname: "on-two"}}
			e.Step(2, []Event{NodeChanged{"on-two", node}, PodChanged{moves.ID(), &moves}, PodChanged{other.ID(), &other}})
			at := e.staged(nil, nil)
			e.doubtPlaces(at, map[string]int{"on-old": 0})
			if _, may := at.promised[moves.UID]; may != x.want {
				t.Errorf("it is sent there: %v, want %v", may, x.want)
			}
		})
	}
}

// TestManyAreDoubtedTogether: where many wait among many nodes there are few moments at which
// answers are doubted, none sooner than otherwise and none more than as long again later.
func TestManyAreDoubtedTogether(t *testing.T) {
	e := New(DefaultOptions())
	moments := func() map[cluster.Instant]bool {
		out := map[cluster.Instant]bool{}
		for at := range cluster.Instant(cluster.Minute / cluster.Second) {
			at *= cluster.Instant(cluster.Second)
			due := e.doubtFrom(at)
			if wait := due.Sub(at); wait < doubtAfter || wait >= 2*doubtAfter {
				t.Errorf("with %d who wait an answer is doubted after %s", len(e.waiting.pods), wait)
			}
			out[due] = true
		}
		return out
	}
	if n := len(moments()); n != 60 {
		t.Errorf("where few wait there are %d moments, want one for each of 60 answers", n)
	}
	for i := range doubtTogether / 2 {
		e.waiting.pods[strconv.Itoa(i)] = &cluster.Pod{}
	}
	if n := len(moments()); n != 60 {
		t.Errorf("where half as many wait there are %d moments, want one for each of 60 answers", n)
	}
	for i := range doubtTogether / 2 {
		e.nodes[strconv.Itoa(i)] = &cluster.Node{}
	}
	if n := len(moments()); n > 7 {
		t.Errorf("in a large cluster there are %d moments in a minute", n)
	}
	if due := e.doubtFrom(cluster.Never); due != cluster.Never {
		t.Errorf("what never comes is doubted at %s", due.RFC3339())
	}
}
