package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/kube"
	"github.com/ullage-sh/ullage/provider"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// The test as CI runs it is a short one; the long one is
// go test -run TestLabKilled -kills 10 ./cmd/ullage-lab.
var (
	kills    = flag.Int("kills", 2, "how often the whole lab is killed")
	killSeed = flag.Uint64("kill-seed", 1, "seed of when it is killed")
)

const inflate = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: inflate, namespace: default}
spec:
  replicas: 0
  selector: {matchLabels: {app: inflate}}
  template:
    metadata: {labels: {app: inflate}}
    spec:
      terminationGracePeriodSeconds: 0
      nodeSelector: {karpenter.sh/nodepool: default}
      containers: [{name: inflate, image: pause, resources: {requests: {cpu: "1", memory: 1.5Gi}}}]
`

// TestLabKilled kills the whole lab, control plane and cloud included, in the
// middle of scaling, starts it again on its directory, and expects in the end that
// all pods run and that claims and instances match one to one.
func TestLabKilled(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	dir := filepath.Join(t.TempDir(), "lab")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	rng := rand.New(rand.NewPCG(*killSeed, 3))
	lab, c := startLab(ctx, t, dir)
	if _, err := kube.Apply(ctx, c, []byte(inflate)); err != nil {
		t.Fatal(err)
	}
	for i := range *kills {
		scale(ctx, t, c, 10+rng.IntN(70))
		after := time.Duration(rng.Int64N(int64(5 * time.Second)))
		select {
		case <-time.After(after):
		case <-ctx.Done():
			t.Fatal(ctx.Err())
		}
		if err := lab.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = lab.Wait() // killed, as was asked for
		t.Logf("kill %d after %v", i+1, after.Round(time.Millisecond))
		lab, c = startLab(ctx, t, dir)
	}
	const pods = 40
	scale(ctx, t, c, pods)
	t.Cleanup(func() {
		if t.Failed() {
			tell(context.WithoutCancel(ctx), t, c, dir)
		}
	})
	until(ctx, t, "all pods to run", func() bool { return runs(ctx, c, pods) })
	claims := settledClaims(ctx, t, c)
	if err := lab.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := lab.Wait(); err != nil && lab.ProcessState.ExitCode() != 130 {
		t.Fatalf("the lab did not end well: %v", err)
	}
	for id := range instances(t, dir) {
		if !claims[id] {
			t.Errorf("instance %s has no claim", id)
		}
		delete(claims, id)
	}
	for id := range claims {
		t.Errorf("a claim has instance %q, which does not exist", id)
	}
}

// startLab starts a lab as a process and waits until it serves.
func startLab(ctx context.Context, t *testing.T, dir string) (*exec.Cmd, client.Client) {
	t.Helper()
	out, err := os.OpenFile(dir+".out", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }() // the lab has it open
	cmd := exec.CommandContext(ctx, "ullage-lab", "up", "--data-dir", dir, "--speed", "30")
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it has usually ended
	var c client.Client
	until(ctx, t, "the lab to serve", func() bool {
		cfg, err := clientcmd.BuildConfigFromFlags("", filepath.Join(dir, "kubeconfig"))
		if err != nil {
			return false
		}
		cfg.Timeout = 5 * time.Second
		if c, err = client.New(cfg, client.Options{Scheme: kube.Scheme()}); err != nil {
			return false
		}
		return c.Get(ctx, client.ObjectKey{Name: "default"}, &karpv1.NodePool{}) == nil
	})
	return cmd, c
}

func until(ctx context.Context, t *testing.T, what string, done func() bool) {
	t.Helper()
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, 3*time.Minute, true, func(context.Context) (bool, error) { return done(), nil })
	if err != nil {
		t.Fatalf("waiting for %s: %v", what, err)
	}
}

func scale(ctx context.Context, t *testing.T, c client.Client, n int) {
	t.Helper()
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "inflate"}}
	if err := c.Patch(ctx, d, client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, n))); err != nil {
		t.Fatal(err)
	}
}

func runs(ctx context.Context, c client.Client, want int) bool {
	var pods corev1.PodList
	if c.List(ctx, &pods, client.InNamespace("default")) != nil {
		return false
	}
	n, others := 0, 0
	for _, p := range pods.Items {
		switch {
		case p.Status.Phase == corev1.PodFailed:
		case p.Status.Phase == corev1.PodRunning && p.DeletionTimestamp == nil:
			n++
		default:
			others++
		}
	}
	return n == want && others == 0
}

// tell logs what the cluster looks like and what the lab said last: a stall that comes
// once in a hundred runs has to be understood from its only log.
func tell(ctx context.Context, t *testing.T, c client.Client, dir string) {
	t.Helper()
	for _, list := range []client.ObjectList{&corev1.PodList{}, &karpv1.NodeClaimList{}, &corev1.NodeList{}, &corev1.EventList{}} {
		if err := c.List(ctx, list, client.InNamespace("default")); err != nil {
			t.Logf("%T: %v", list, err)
			continue
		}
		text, err := json.Marshal(list)
		if err != nil {
			t.Logf("%T: %v", list, err)
			continue
		}
		t.Logf("%T: %s", list, text)
	}
	out, err := os.ReadFile(dir + ".out")
	if err != nil {
		t.Log(err)
		return
	}
	t.Logf("the lab said:\n%s", out)
}

// settledClaims waits until every claim is ready and no node is without one, for
// longer than the grace for orphans, and returns their provider ids.
func settledClaims(ctx context.Context, t *testing.T, c client.Client) map[string]bool {
	t.Helper()
	var ids map[string]bool
	calm := 0
	until(ctx, t, "claims to settle", func() bool {
		var claims karpv1.NodeClaimList
		var nodes corev1.NodeList
		if c.List(ctx, &claims) != nil || c.List(ctx, &nodes, client.HasLabels{karpv1.NodePoolLabelKey}) != nil {
			return false
		}
		ids = map[string]bool{}
		ok := len(nodes.Items) == len(claims.Items)
		for i := range claims.Items {
			ids[claims.Items[i].Status.ProviderID] = true
			ok = ok && claims.Items[i].DeletionTimestamp == nil && claims.Items[i].StatusConditions().IsTrue(karpv1.ConditionTypeInitialized)
		}
		if !ok {
			calm = 0
		}
		calm++
		return calm > 50 // looked at every 100 ms; the grace is 1 s at this speed, and lists come every 4
	})
	return ids
}

// instances reads the cloud's journal: the instances that have not ended.
func instances(t *testing.T, dir string) map[string]bool {
	t.Helper()
	cat, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	types, _, err := cat.InstanceTypes("ap-northeast-2", catalog.DefaultSizing(), 1)
	if err != nil {
		t.Fatal(err)
	}
	now := cluster.Instant(time.Now().UnixNano())
	cloud, _, err := simulated.Open(filepath.Join(dir, "cloud.jsonl"), simulated.Config{Region: "ap-northeast-2", Types: types, Seed: 1, Speed: 30}, now)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cloud.Close() }() // only read
	out := map[string]bool{}
	for _, i := range cloud.Inventory(now) {
		if i.State == provider.Pending || i.State == provider.Running {
			out[i.ProviderID] = true
		}
	}
	return out
}
