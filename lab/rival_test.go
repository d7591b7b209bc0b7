package lab_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/lab"
)

// TestRivalHoldsItsLease: while Karpenter holds its lease nothing is bought, and
// the operator says why; when the lease runs out, the pods that waited get nodes.
func TestRivalHoldsItsLease(t *testing.T) {
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
	c := l.Client()
	lease := &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "karpenter-leader-election"},
		Spec: coordinationv1.LeaseSpec{
			HolderIdentity: ptr.To("karpenter-7d9f"), LeaseDurationSeconds: ptr.To(int32(8)), RenewTime: &metav1.MicroTime{Time: time.Now()},
		},
	}
	if err := c.Create(ctx, lease); err != nil {
		t.Fatal(err)
	}
	await(t, ctx, 10*time.Second, "the operator to say why it stands still", func(context.Context) (bool, error) {
		text, err := os.ReadFile(l.OperatorLog())
		return strings.Contains(string(text), "Karpenter (karpenter-7d9f) holds the lease kube-system/karpenter-leader-election"), err
	})
	if err := c.Create(ctx, inflate(5)); err != nil {
		t.Fatal(err)
	}
	held := lease.Spec.RenewTime.Add(8 * time.Second)
	for time.Now().Before(held.Add(-500 * time.Millisecond)) {
		var claims karpv1.NodeClaimList
		if err := c.List(ctx, &claims, &client.ListOptions{}); err != nil {
			t.Fatal(err)
		}
		if len(claims.Items) > 0 {
			t.Fatal("nodes were bought while another autoscaler held its lease")
		}
		pause(ctx, 200*time.Millisecond)
	}
	await(t, ctx, time.Minute, "pods to run when the lease has run out", func(ctx context.Context) (bool, error) { return running(ctx, c, 5) })
}
