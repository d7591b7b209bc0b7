package lab_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/lab"
)

// TestOnAWS: the operator buys EC2 instances, which boot, join with the labels and taints
// of their user data and run the pods; it is dropped in the middle; and in the end
// everything is given back.
func TestOnAWS(t *testing.T) {
	ctx := context.Background()
	l, err := lab.Start(ctx, lab.Config{Speed: 30, OnAWS: true, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Stop(); err != nil {
			t.Error(err)
		}
	})
	c := l.Client()
	if err := c.Create(ctx, inflate(0)); err != nil {
		t.Fatal(err)
	}
	alive := func() (n int) { // beside the two of the control plane
		l.AWSServer().Do(func(w *world.World) {
			for _, i := range w.Launches() {
				ours := slices.ContainsFunc(w.Tags(i.ID), func(tag world.Tag) bool { return tag.Key == karpv1.NodePoolLabelKey })
				if ours && i.Stopping == 0 && i.Terminated == 0 {
					n++
				}
			}
		})
		return n
	}
	scale(t, ctx, c, 60)
	await(t, ctx, time.Minute, "the first instances", func(context.Context) (bool, error) { return alive() > 0, nil })
	if err := l.CrashOperator(); err != nil {
		t.Fatal(err)
	}
	await(t, ctx, 2*time.Minute, "60 pods to run", func(ctx context.Context) (bool, error) { return running(ctx, c, 60) })
	var claims karpv1.NodeClaimList
	await(t, ctx, time.Minute, "all claims to be initialized", func(ctx context.Context) (bool, error) {
		err := c.List(ctx, &claims)
		return err == nil && !slices.ContainsFunc(claims.Items, func(claim karpv1.NodeClaim) bool {
			return !claim.StatusConditions().Get(karpv1.ConditionTypeInitialized).IsTrue()
		}), err
	})
	if n := alive(); n != len(claims.Items) || n == 0 {
		t.Errorf("%d instances and %d claims", n, len(claims.Items))
	}
	for _, claim := range claims.Items {
		if !strings.HasPrefix(claim.Status.ImageID, "ami-") {
			t.Errorf("claim %s: image %q", claim.Name, claim.Status.ImageID)
		}
	}
	scale(t, ctx, c, 0)
	await(t, ctx, 2*time.Minute, "everything to be given back", func(ctx context.Context) (bool, error) {
		var claims karpv1.NodeClaimList
		err := c.List(ctx, &claims)
		return err == nil && len(claims.Items) == 0 && alive() == 0, err
	})
	calls := l.AWSServer().Counts()
	if t.Log(calls); calls["ec2:CreateFleet"] == 0 || calls["ec2:CreateTags"] != 0 {
		t.Errorf("calls: %v", calls)
	}
}
