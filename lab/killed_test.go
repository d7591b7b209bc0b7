package lab_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/kube"
	"github.com/ullage-sh/ullage/lab"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// A thousand nodes at the pace of AWS and with its limits on requests, of which no machine
// boots: 1,000 claims and 3,000 pods that wait, some 2 GiB, over after 25 minutes at the
// latest. Without -aws-launches all of them boot and run their pods, too: 4 GiB, an hour.
//
//	cd lab && go test -run TestOperatorKilledOnAWS -aws-launches -aws-nodes 1000 -aws-kills 10 -aws-speed 1 -timeout 25m -v .
var (
	awsNodes    = flag.Int("aws-nodes", 30, "about how many nodes TestOperatorKilledOnAWS launches")
	awsKills    = flag.Int("aws-kills", 3, "how often it kills the operator")
	awsSpeed    = flag.Int("aws-speed", 30, "divides the latencies of its cloud and multiplies AWS's limits on requests")
	awsLaunches = flag.Bool("aws-launches", false, "it looks at launches alone: no machine boots")
)

// mixedPools are pools of nodes of up to 8 cores, which nobody disrupts: name, capacity
// types, architectures.
const mixedPools = `
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: {name: %[1]s}
spec:
  template:
    metadata: {labels: {mixed: %[1]s}}
    spec:
      nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: default}
      requirements:
      - {key: karpenter.k8s.aws/instance-category, operator: In, values: [c, m, r]}
      - {key: karpenter.k8s.aws/instance-generation, operator: Gt, values: ["4"]}
      - {key: karpenter.k8s.aws/instance-cpu, operator: Lt, values: ["9"]}
      - {key: karpenter.sh/capacity-type, operator: In, values: [%[2]s]}
      - {key: kubernetes.io/arch, operator: In, values: [%[3]s]}
  disruption:
    consolidateAfter: Never
    budgets: [{nodes: "0"}]
`

// mixedApps are Deployments of sixty kinds of pods, so many of each: of all sizes, some that
// want a zone, an architecture, one of the pools or not to be interrupted.
func mixedApps(each int32) []*appsv1.Deployment {
	chance := rand.New(rand.NewPCG(1, 1))
	var out []*appsv1.Deployment
	for k := range 60 {
		cpu, memory := []int{1000, 1500, 2000, 3000, 4000, 6000}[chance.IntN(6)], 1024+chance.IntN(8000)
		d := asking(fmt.Sprintf("mixed-%02d", k), each, fmt.Sprintf("%dm", cpu), fmt.Sprintf("%dMi", memory), "")
		want := map[string]string{"mixed": "general"}
		switch k % 10 {
		case 5:
			want["topology.kubernetes.io/zone"] = "ap-northeast-2b"
		case 6:
			want["kubernetes.io/arch"] = "arm64"
		case 7, 8:
			want["mixed"] = "steady"
		case 9:
			want["karpenter.sh/capacity-type"] = "on-demand"
		}
		d.Spec.Template.Spec.NodeSelector = want
		out = append(out, d)
	}
	return out
}

// bought are the instances that were bought, as they really are: those that are alive, as
// provider ids, sorted, and how many there ever were.
func bought(l *lab.Lab) (alive []string, ever int) {
	l.AWSServer().Do(func(w *world.World) {
		for _, i := range w.Launches() {
			if !slices.ContainsFunc(w.Tags(i.ID), func(tag world.Tag) bool { return tag.Key == karpv1.NodePoolLabelKey }) {
				continue
			}
			ever++
			if i.Stopping == 0 && i.Terminated == 0 {
				alive = append(alive, "aws:///"+i.Zone+"/"+i.ID)
			}
		}
	})
	slices.Sort(alive)
	return alive, ever
}

// ec2Writes are the calls to EC2 that change something, dry runs included, and of which kind.
func ec2Writes(l *lab.Lab) (sum int, each map[string]int) {
	each = map[string]int{}
	for name, n := range l.AWSServer().Counts() {
		if strings.HasPrefix(name, "ec2:") && !strings.HasPrefix(name, "ec2:Describe") && !strings.HasSuffix(name, " throttled") {
			sum += n
			each[name] = n
		}
	}
	return sum, each
}

// killedLaunching kills the operator while a launch of its is under way: EC2 has made the
// instances, or is about to, and there is nobody whom it can tell. nth is which of the
// launches from now on it waits for: the first one of an operator goes alone, the next ones
// together. It returns how many launches had no answer; 0 when nothing was left to be
// launched.
func killedLaunching(t *testing.T, ctx context.Context, l *lab.Lab, nth int, limit time.Duration, without func(context.Context) (int, error)) int {
	t.Helper()
	const launch = "ec2:CreateFleet"
	server := l.AWSServer()
	before, begun, due := server.Abandoned(launch), server.Counts()[launch], time.Now().Add(time.Second)
	for deadline := time.Now().Add(limit); server.Underway(launch) == 0 || server.Counts()[launch] < begun+nth; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waiting for a launch")
		}
		if time.Now().Before(due) {
			continue
		}
		due = time.Now().Add(time.Second)
		alive, _ := bought(l)
		if n, err := without(ctx); err != nil || n == 0 && len(alive) > 0 {
			if err != nil {
				t.Fatal(err)
			}
			return 0
		}
	}
	if err := l.CrashOperator(); err != nil {
		t.Fatal(err)
	}
	await(t, ctx, time.Minute, "EC2 to notice", func(context.Context) (bool, error) { return server.Underway(launch) == 0, nil })
	return server.Abandoned(launch) - before
}

// TestOperatorKilledOnAWS kills the operator, a process of its own that buys EC2 instances,
// with SIGKILL again and again in the middle of launching a mixed plan: in the end there is
// an instance for each claim and a claim for each instance, none was launched twice, and when
// the pods have gone none is left.
func TestOperatorKilledOnAWS(t *testing.T) {
	ctx := context.Background()
	delays := simulated.DefaultDelays()
	if *awsSpeed > 1 { // a launch is to take long enough to be caught at it
		delays.LaunchMin, delays.LaunchMax = 10*cluster.Second, 15*cluster.Second
	}
	if *awsLaunches {
		delays.BootP50, delays.BootP99 = 55*cluster.Minute, cluster.Hour
	}
	l, err := lab.Start(ctx, lab.Config{Speed: *awsSpeed, OnAWS: true, Operator: []string{os.Args[0], "operator"}, Seed: 1, Delays: delays})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Stop(); err != nil {
			t.Error(err)
		}
	})
	c := l.Client()
	apps := mixedApps(int32(max(*awsNodes/20, 1)))
	pods := len(apps) * int(*apps[0].Spec.Replicas)
	for _, d := range apps {
		if err := c.Create(ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	limit := 10 * time.Minute
	// No pool is for them yet, so that all are planned for at once.
	await(t, ctx, limit, "all pods to wait", func(ctx context.Context) (bool, error) {
		var list corev1.PodList
		err := c.List(ctx, &list, client.InNamespace("default"))
		return len(list.Items) == pods && !slices.ContainsFunc(list.Items, func(p corev1.Pod) bool { return len(p.Status.Conditions) == 0 }), err
	})
	for _, p := range [][]any{{"general", "on-demand, spot", "amd64, arm64"}, {"steady", "on-demand", "amd64"}} {
		if _, err := kube.Apply(ctx, c, fmt.Appendf(nil, mixedPools, p...)); err != nil {
			t.Fatal(err)
		}
	}
	// claims are those that there are, by provider id, and how many have none yet.
	claims := func(ctx context.Context) (ids []string, without int, err error) {
		var list karpv1.NodeClaimList
		err = c.List(ctx, &list)
		for _, n := range list.Items {
			if n.Status.ProviderID == "" {
				without++
				continue
			}
			ids = append(ids, n.Status.ProviderID)
		}
		slices.Sort(ids)
		return ids, without, err
	}
	unheard := make([]int, *awsKills) // launches that a killed operator never heard of
	for k := range unheard {
		nth := 1
		if k%5 == 1 {
			nth = 3
		}
		unheard[k] = killedLaunching(t, ctx, l, nth, limit, func(ctx context.Context) (int, error) {
			_, without, err := claims(ctx)
			return without, err
		})
	}
	match := func(ctx context.Context) (bool, error) {
		ids, without, err := claims(ctx)
		alive, _ := bought(l)
		return without == 0 && len(ids) > 0 && slices.Equal(ids, alive), err
	}
	await(t, ctx, limit, "claims and instances to match", match)
	alive, ever := bought(l)
	sum, each := ec2Writes(l)
	t.Logf("%d kills, with %v launches under way: %d pods on %d nodes, %d instances launched, %d calls to EC2 that write (%v)",
		*awsKills, unheard, pods, len(alive), ever, sum, each)
	if slices.Contains(unheard, 0) {
		t.Errorf("not each of the operators was killed with a launch under way: %v", unheard)
	}
	if ever != len(alive) {
		t.Errorf("%d instances were launched for %d nodes", ever, len(alive))
	}
	if sum >= 60 {
		t.Errorf("%d calls to EC2 that write, want less than 60", sum)
	}
	if s := l.OperatorState(); s.Restarts != *awsKills || s.Ended != "signal: killed" {
		t.Errorf("the operator was killed %d times: %+v", *awsKills, s)
	}
	if !*awsLaunches {
		await(t, ctx, 2*limit, "all pods to run", func(ctx context.Context) (bool, error) { return running(ctx, c, pods) })
	}
	if now, all := bought(l); all != ever || len(now) != len(alive) {
		t.Errorf("%d instances were launched in the end, %d of them are left", all, len(now))
	}
	for _, d := range apps {
		if err := c.Delete(ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"general", "steady"} {
		if err := c.Delete(ctx, &karpv1.NodePool{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
			t.Fatal(err)
		}
	}
	await(t, ctx, 2*limit, "everything to be given back", func(ctx context.Context) (bool, error) {
		ids, without, err := claims(ctx)
		alive, _ := bought(l)
		return len(ids)+without+len(alive) == 0, err
	})
}
