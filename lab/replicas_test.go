package lab_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/deploy"
	"github.com/ullage-sh/ullage/lab"
	"github.com/ullage-sh/ullage/operator"
)

// replica is one `ullage operator` process.
type replica struct {
	cmd  *exec.Cmd
	addr string
	log  strings.Builder
}

// TestReplicas runs two operators of cmd/ullage against a lab's API server. Both
// are alive and ready, one acts; when that one goes the other takes over.
func TestReplicas(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	l, err := lab.Start(ctx, lab.Config{Dir: t.TempDir(), Seed: 1, Speed: 30})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Stop(); err != nil {
			t.Error(err)
		}
	}()
	if err := l.StopOperator(); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(t.TempDir(), "ullage")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", bin, "github.com/ullage-sh/ullage/cmd/ullage").CombinedOutput(); err != nil {
		t.Fatalf("building cmd/ullage: %v\n%s", err, out)
	}
	replicas := []*replica{startReplica(ctx, t, bin, l), startReplica(ctx, t, bin, l)}
	for _, r := range replicas {
		await(t, ctx, 30*time.Second, "probes to answer", func(context.Context) (bool, error) {
			return get(r.addr, "/healthz") == "ok\n" && get(r.addr, "/readyz") == "ok\n", nil
		})
	}
	var first string
	await(t, ctx, 30*time.Second, "one to lead", func(ctx context.Context) (bool, error) {
		first, err = leader(ctx, l.Client())
		return first != "", nil
	})
	if err := l.Client().Create(ctx, inflate(5)); err != nil {
		t.Fatal(err)
	}
	launched := func(ctx context.Context) (bool, error) {
		var claims karpv1.NodeClaimList
		err := l.Client().List(ctx, &claims)
		n := 0
		for i := range claims.Items {
			if claims.Items[i].StatusConditions().IsTrue(karpv1.ConditionTypeLaunched) {
				n++
			}
		}
		return n > 0 && n == len(claims.Items), err
	}
	await(t, ctx, 30*time.Second, "a claim to be launched", launched)
	acting := replicas[0]
	if !strings.Contains(get(acting.addr, "/metrics"), `karpenter_nodeclaims_created_total{nodepool="default"`) {
		acting = replicas[1]
	}
	for _, name := range []string{"karpenter_nodeclaims_created_total", "karpenter_scheduler_scheduling_duration_seconds_count", "karpenter_cluster_state_synced 1", "ullage_plan_bound", "karpenter_nodepools_usage"} {
		await(t, ctx, 30*time.Second, "/metrics of the one that acts to have "+name, func(context.Context) (bool, error) {
			return strings.Contains(get(acting.addr, "/metrics"), name), nil
		})
	}
	if err := acting.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	await(t, ctx, time.Minute, "the other to lead", func(ctx context.Context) (bool, error) {
		now, err := leader(ctx, l.Client())
		return now != "" && now != first, err
	})
}

func startReplica(ctx context.Context, t *testing.T, bin string, l *lab.Lab) *replica {
	t.Helper()
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &replica{addr: port.Addr().String()}
	if err := port.Close(); err != nil {
		t.Fatal(err)
	}
	r.cmd = exec.CommandContext(ctx, bin, "operator", "--kubeconfig", l.Kubeconfig(), "--provider", "simulated", "--speed", "30", "--leader-elect", "--listen", r.addr)
	r.cmd.Stderr = &r.log
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.cmd.Process.Kill() // it may have ended
		_ = r.cmd.Wait()         // killed
		if t.Failed() {
			t.Logf("log of the replica at %s:\n%s", r.addr, r.log.String())
		}
	})
	return r
}

// get returns the body of a page, or why there is none.
func get(addr, path string) string {
	c := http.Client{Timeout: 5 * time.Second}
	resp, err := c.Get(fmt.Sprintf("http://%s%s", addr, path))
	if err != nil {
		return err.Error()
	}
	defer func() { _ = resp.Body.Close() }() // read
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	return string(body)
}

// leader is who holds the operator's lease.
func leader(ctx context.Context, c client.Client) (string, error) {
	var lease coordinationv1.Lease
	if err := c.Get(ctx, client.ObjectKey{Namespace: deploy.Namespace, Name: operator.LeaseName}, &lease); err != nil {
		return "", client.IgnoreNotFound(err)
	}
	if lease.Spec.HolderIdentity == nil {
		return "", nil
	}
	return *lease.Spec.HolderIdentity, nil
}
