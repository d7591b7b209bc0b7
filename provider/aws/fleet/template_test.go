package fleet

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

// TestTemplates: made once for a content, found by the next process, made again when
// somebody deletes it, deleted when nobody uses it any more.
func TestTemplates(t *testing.T) {
	d := newDesk(t, nil)
	other := &Template{d.template.Data}
	other.Data.EbsOptimized = aws.Bool(true)
	ctx := context.Background()
	name, err := d.Templates.Ensure(ctx, d.template)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := d.Templates.Ensure(ctx, other); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	next := d.another()
	if again, err := next.Templates.Ensure(ctx, d.template); err != nil || again != name {
		t.Errorf("the next process has %s, %v; want %s", again, err, name)
	}
	made := func() (n int) {
		d.Do(func(w *world.World) { n = len(w.Templates()) })
		return n
	}
	if made() != 2 || d.Counts()["ec2:CreateLaunchTemplate"] != 2 {
		t.Errorf("%d templates by %d calls, want 2", made(), d.Counts()["ec2:CreateLaunchTemplate"])
	}
	if _, err := ec2.NewFromConfig(d.Config()).DeleteLaunchTemplate(ctx, &ec2.DeleteLaunchTemplateInput{LaunchTemplateName: aws.String(name)}); err != nil {
		t.Fatal(err)
	}
	if r := d.launch(t, d.Fleet, d.order("deleted", 2, "m5.large/us-west-2a/on-demand")); len(r.Instances) != 2 {
		t.Errorf("with its template deleted by somebody, %d instances", len(r.Instances))
	}
	d.Clock.Advance(Unused / 2)
	d.launch(t, d.Fleet, d.order("later", 1, "m5.large/us-west-2a/on-demand"))
	d.Clock.Advance(Unused / 2)
	if err := d.Templates.Sweep(ctx); err != nil || made() != 1 {
		t.Errorf("after the sweep there are %d templates, %v; want the one that was used", made(), err)
	}
	// A process that has not seen it used may delete it: whoever uses it makes it again.
	if err := next.Templates.Sweep(ctx); err != nil || made() != 0 {
		t.Errorf("swept by a process that has not seen it used for long: %d, %v", made(), err)
	}
	if r := d.launch(t, d.Fleet, d.order("again", 1, "m5.large/us-west-2a/on-demand")); len(r.Instances) != 1 || made() != 1 {
		t.Errorf("after that %d instances, %d templates, want 1 of each", len(r.Instances), made())
	}
}

// TestTerminate: many at once with few calls; what EC2 does not show yet is ended when it
// does, and what never was has terminated.
func TestTerminate(t *testing.T) {
	d := newDesk(t, nil)
	all := ids(d.launch(t, d.Fleet, d.order("many", 600, "m5.large/us-west-2a/on-demand")).Instances)
	ctx := context.Background()
	const unknown = "i-00000000000000000"
	var wg sync.WaitGroup
	for part := range slices.Chunk(append(slices.Clone(all), unknown), 10) {
		wg.Go(func() {
			states, err := d.Terminate(ctx, part)
			if err != nil {
				t.Error(err)
				return
			}
			for _, id := range part {
				if s := states[id]; s != cluster.InstanceShuttingDown && s != cluster.InstanceTerminated {
					t.Errorf("%s is %q", id, s)
				}
			}
			if slices.Contains(part, unknown) && states[unknown] != cluster.InstanceTerminated {
				t.Errorf("an unknown instance is %q", states[unknown])
			}
		})
	}
	wg.Wait()
	if got := d.alive(); got != "" {
		t.Errorf("left over: %s", got)
	}
	if n := d.Counts()["ec2:TerminateInstances"]; n > 12 {
		t.Errorf("61 requests took %d calls", n)
	}
	// Asked again and again, it looks, and ends nothing twice. (How much time went by for the
	// many depends on how many of them had to wait.)
	all = ids(d.launch(t, d.Fleet, d.order("few", 3, "m5.large/us-west-2a/on-demand")).Instances)
	d.Clock.Advance(cluster.Minute)
	if _, err := d.Terminate(ctx, all); err != nil {
		t.Fatal(err)
	}
	before := d.Counts()["ec2:TerminateInstances"]
	for _, want := range []cluster.InstanceState{cluster.InstanceShuttingDown, cluster.InstanceTerminated, cluster.InstanceTerminated} {
		s, err := d.Terminate(ctx, all)
		if err != nil || len(s) != 3 || s[all[0]] != want || s[all[2]] != want {
			t.Errorf("again: %v, %v; want them %s", s, err, want)
		}
		d.Clock.Advance(cluster.Minute)
	}
	if n := d.Counts()["ec2:TerminateInstances"] - before; n > 1 {
		t.Errorf("asked how far they are it ended them %d times", n)
	}
	if s, err := d.Terminate(ctx, nil); err != nil || len(s) != 0 {
		t.Errorf("terminating nothing: %v, %v", s, err)
	}
}

// TestTerminateProtected: one that somebody has protected does not keep the others alive.
func TestTerminateProtected(t *testing.T) {
	d := newDesk(t, nil)
	all := ids(d.launch(t, d.Fleet, d.order("many", 40, "m5.large/us-west-2a/on-demand")).Instances)
	d.Clock.Advance(cluster.Minute) // descriptions show them
	kept := all[7]
	d.Do(func(w *world.World) {
		for _, i := range w.Launches() {
			i.Elsewhere = i.ID == kept // what EC2 refuses to end
		}
	})
	states, err := d.Terminate(context.Background(), all)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range all {
		want := cluster.InstanceShuttingDown
		if id == kept {
			want = cluster.InstanceRunning
		}
		if states[id] != want {
			t.Errorf("%s is %q, want %q", id, states[id], want)
		}
	}
	if got := d.alive(); got != "1 m5.large/us-west-2a/on-demand" {
		t.Errorf("left over: %s", got)
	}
	if n := d.Counts()["ec2:TerminateInstances"]; n > 13 {
		t.Errorf("for one of 40 that is protected it called %d times", n)
	}
	if _, err := d.Terminate(context.Background(), []string{kept}); err == nil || !strings.Contains(err.Error(), kept) {
		t.Errorf("the protected one alone: %v, want what EC2 says of it", err)
	}
}

// TestGather: questions that come while a call is under way share the next one.
func TestGather(t *testing.T) {
	var calls []string
	started, finish := make(chan struct{}), make(chan struct{})
	g := gatherer[string]{call: func(_ context.Context, ids []string) (map[string]string, error) {
		calls = append(calls, strings.Join(ids, " "))
		if len(calls) == 1 {
			close(started)
		}
		<-finish
		out := map[string]string{}
		for _, id := range ids {
			out[id] = "answer to " + id
		}
		return out, nil
	}}
	var wg sync.WaitGroup
	ask := func(ids ...string) {
		wg.Go(func() {
			out, err := g.ask(context.Background(), ids...)
			if err != nil || out[ids[0]] != "answer to "+ids[0] {
				t.Errorf("%v: %v %v", ids, out, err)
			}
		})
	}
	ask("a")
	<-started
	ask("b", "c")
	ask("c", "d")
	cut, cancel := context.WithCancel(context.Background())
	gone := make(chan struct{})
	wg.Go(func() {
		defer close(gone)
		if _, err := g.ask(cut, "e"); !errors.Is(err, context.Canceled) {
			t.Errorf("asked with a context that ends: %v", err)
		}
	})
	for {
		g.mu.Lock()
		joined := g.next != nil && g.next.waiting == 3
		g.mu.Unlock()
		if joined {
			break
		}
	}
	cancel()
	<-gone
	close(finish)
	wg.Wait()
	if want := []string{"a", "b c d e"}; !slices.Equal(calls, want) {
		t.Errorf("calls %q, want %q", calls, want)
	}
}
