package store

import (
	"errors"
	"fmt"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

// kind is the kind of a store's error, −1 for none.
func kind(err error) int {
	var e *Error
	if !errors.As(err, &e) {
		return -1
	}
	return int(e.Kind)
}

func TestWritesAreGuarded(t *testing.T) {
	s := New()
	var heard []string
	s.Claims.Watch(func(o *Claim, old *cluster.Claim) {
		heard = append(heard, fmt.Sprintf("%s old %v now %v", o.Key, old != nil, o.Now != nil))
	})
	o, err := s.Claims.Create("a", &cluster.Claim{Name: "a", Finalizers: []string{"f"}})
	if err != nil || o.Now.UID == "" || o.Now.Revision == "" {
		t.Fatalf("%+v, %v", o, err)
	}
	if _, err := s.Claims.Create("a", &cluster.Claim{Name: "a"}); kind(err) != int(Exists) {
		t.Errorf("created twice: %v", err)
	}
	first := *o.Now
	revision, err := s.Claims.Update("a", first.UID, first.Revision, func(c *cluster.Claim) { c.NodeName = "n" })
	if err != nil || o.Now.NodeName != "n" || o.Now.Revision != revision || revision == first.Revision {
		t.Errorf("%+v, %q, %v", o.Now, revision, err)
	}
	if first.NodeName != "" {
		t.Error("a record was written that somebody else has")
	}
	if _, err := s.Claims.Update("a", first.UID, first.Revision, func(*cluster.Claim) {}); kind(err) != int(Conflict) {
		t.Errorf("an old revision is taken: %v", err)
	}
	if same, err := s.Claims.Update("a", first.UID, revision, func(c *cluster.Claim) { c.NodeName = "n" }); err != nil || same != revision {
		t.Errorf("a change that changes nothing made revision %s of %s, %v", same, revision, err)
	}
	if _, err := s.Claims.Update("b", "u", "1", func(*cluster.Claim) {}); kind(err) != int(NotFound) {
		t.Errorf("what is not there is changed: %v", err)
	}
	if err := s.Claims.Delete("a", "other", 5); kind(err) != int(Conflict) {
		t.Errorf("another one is deleted: %v", err)
	}
	for range 2 {
		if err := s.Claims.Delete("a", first.UID, 5); err != nil || o.Now == nil || o.Now.DeletingAt != 5 {
			t.Errorf("its finalizer does not hold it: %+v, %v", o.Now, err)
		}
	}
	if _, err := s.Claims.Update("a", first.UID, o.Now.Revision, func(c *cluster.Claim) { c.Finalizers = nil }); err != nil || o.Now != nil || s.Claims.Get("a") != nil {
		t.Errorf("it is still there: %+v, %v", o.Now, err)
	}
	if err := s.Claims.Delete("a", first.UID, 6); err != nil {
		t.Errorf("what is gone cannot be deleted: %v", err)
	}
	want := []string{"a old false now true", "a old true now true", "a old true now true", "a old true now false"}
	if fmt.Sprint(heard) != fmt.Sprint(want) {
		t.Errorf("watchers heard %q", heard)
	}
}

var web = (&cluster.Identities{}).Intern("default", cluster.Labels{"app": "web"})

// pod adds a pod that runs on a node.
func pod(t *testing.T, s *Store, name, node string) *Pod {
	t.Helper()
	p := &cluster.Pod{Namespace: "default", Name: name, Identity: web, Demand: &cluster.Demand{}, Grace: 30 * cluster.Second, Node: node}
	if node != "" {
		p.Phase = cluster.Running
	}
	o, err := s.Pods.Create(p.ID(), p)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestPodsOfANode(t *testing.T) {
	s := New()
	a, b := pod(t, s, "a", ""), pod(t, s, "b", "n")
	if err := s.Bind(a, "n"); err != nil {
		t.Fatal(err)
	}
	if err := s.Bind(a, "m"); kind(err) != int(Conflict) {
		t.Errorf("bound twice: %v", err)
	}
	if on := s.PodsOn("n"); len(on) != 2 || on[0] != a || on[1] != b {
		t.Errorf("on the node: %v", on)
	}
	s.DeletePod(b, cluster.Minute, 100)
	if at := b.Now.DeleteAt; at != cluster.Instant(100).Add(30*cluster.Second) {
		t.Errorf("deleted at %d: more than its own grace", at)
	}
	s.DeletePod(b, cluster.Second, 100)
	if at := b.Now.DeleteAt; at != cluster.Instant(100).Add(cluster.Second) {
		t.Errorf("deleted at %d: it cannot be hurried", at)
	}
	s.DeletePod(b, 20*cluster.Second, 100)
	if at := b.Now.DeleteAt; at != cluster.Instant(100).Add(cluster.Second) {
		t.Errorf("deleted at %d: it was given more time again", at)
	}
	s.Pods.Remove(b)
	if !s.Occupied("n") {
		t.Error("a is not seen on its node")
	}
	s.Pods.Remove(a)
	if s.Occupied("n") || len(s.PodsOn("n")) != 0 {
		t.Error("pods that are gone are still on their node")
	}
}

func TestEvictionAsksTheBudget(t *testing.T) {
	s := New()
	b := &Budget{Name: "default/web", Wanted: 3, MaxUnavailable: &Share{Value: 1},
		Pods: cluster.PodSelector{Namespaces: []string{"default"}, Labels: cluster.Term{{Key: "app", Operator: cluster.In, Values: []string{"web"}}}}}
	s.AddBudget(b)
	pods := []*Pod{pod(t, s, "a", "n"), pod(t, s, "b", "n"), pod(t, s, "c", "n")}
	if b.Healthy() != 3 || b.Needs() != 2 || b.Allowed() != 1 {
		t.Fatalf("healthy %d, needs %d, allows %d", b.Healthy(), b.Needs(), b.Allowed())
	}
	if err := s.Evict(pods[0], "another", 1); kind(err) != int(Conflict) {
		t.Errorf("another pod of that name is evicted: %v", err)
	}
	if err := s.Evict(pods[0], pods[0].Now.UID, 1); err != nil || !pods[0].Now.Deleting() {
		t.Errorf("one may go: %v", err)
	}
	if err := s.Evict(pods[1], pods[1].Now.UID, 1); kind(err) != int(Blocked) || pods[1].Now.Deleting() {
		t.Errorf("a second goes too: %v", err)
	}
	// One that does not run yet may go while the others are enough, and only then.
	late := pod(t, s, "late", "")
	if err := s.Bind(late, "n"); err != nil {
		t.Fatal(err)
	}
	if err := s.Evict(late, late.Now.UID, 1); err != nil {
		t.Errorf("one that does not run is held: %v", err)
	}
	b.Wanted = 4
	if err := s.Evict(late, late.Now.UID, 1); err != nil {
		t.Errorf("one that is going already is asked about: %v", err)
	}
	if err := s.Evict(pods[1], pods[1].Now.UID, 1); kind(err) != int(Blocked) {
		t.Errorf("too few are healthy: %v", err)
	}
	for _, x := range []struct {
		b    Budget
		want int
	}{
		{Budget{Wanted: 10, MinAvailable: &Share{Value: 75, Percent: true}}, 8},
		{Budget{Wanted: 10, MaxUnavailable: &Share{Value: 25, Percent: true}}, 7},
		{Budget{Wanted: 1, MaxUnavailable: &Share{Value: 5}}, 0},
		{Budget{Wanted: 3, MinAvailable: &Share{Value: 5}}, 5},
	} {
		if got := x.b.Needs(); got != x.want {
			t.Errorf("%+v needs %d, want %d", x.b, got, x.want)
		}
	}
	s.AddBudget(&Budget{Name: "default/all", Wanted: 4, MinAvailable: &Share{}, Pods: b.Pods})
	if err := s.Evict(pods[1], pods[1].Now.UID, 1); kind(err) != int(Internal) {
		t.Errorf("two budgets cover it: %v", err)
	}
}
