package lab_test

import (
	"context"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/lab"
)

// Killed for real, during scale-outs of 500 pods:
//
//	cd lab && go test -run TestOperatorKilledOnAWS -aws-kills 10 -v .
var awsKills = flag.Int("aws-kills", 0, "how often TestOperatorKilledOnAWS kills the operator")

// TestOperatorKilledOnAWS runs the operator as a process of its own, which buys EC2
// instances, and kills it at any time while pods come and go: in the end there is an
// instance for each claim, a claim for each instance, and then none.
func TestOperatorKilledOnAWS(t *testing.T) {
	if *awsKills == 0 {
		t.Skip("it builds the operator and takes minutes: say -aws-kills 10")
	}
	ctx := context.Background()
	binary := filepath.Join(t.TempDir(), "ullage")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/ullage")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the operator: %v\n%s", err, out)
	}
	l, err := lab.Start(ctx, lab.Config{Speed: 30, OnAWS: true, NoOperator: true, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Stop(); err != nil {
			t.Error(err)
		}
	})
	start := func() *exec.Cmd {
		cmd := exec.CommandContext(ctx, binary, "operator", "--kubeconfig", l.Kubeconfig(), "--provider", "aws", "--listen", "",
			"--cluster-name", lab.ClusterName, "--interruption-queue", lab.ClusterName, "--speed", strconv.Itoa(l.Speed()))
		cmd.Env = append(os.Environ(), l.AWS().Environment()...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	operator := start()
	kill := func() {
		_ = operator.Process.Kill() // it may have ended
		_ = operator.Wait()         // it was killed: that is its error
	}
	t.Cleanup(func() { kill() })
	c := l.Client()
	if err := c.Create(ctx, inflate(0)); err != nil {
		t.Fatal(err)
	}
	// ids are those of the instances that are alive and were bought, and of the claims.
	ids := func(ctx context.Context) (instances, claims []string, err error) {
		l.AWSServer().Do(func(w *world.World) {
			for _, i := range w.Launches() {
				bought := slices.ContainsFunc(w.Tags(i.ID), func(tag world.Tag) bool { return tag.Key == karpv1.NodePoolLabelKey })
				if bought && i.Stopping == 0 && i.Terminated == 0 {
					instances = append(instances, "aws:///"+i.Zone+"/"+i.ID)
				}
			}
		})
		var list karpv1.NodeClaimList
		if err = c.List(ctx, &list); err == nil {
			for _, n := range list.Items {
				claims = append(claims, n.Status.ProviderID)
			}
		}
		slices.Sort(instances)
		slices.Sort(claims)
		return instances, claims, err
	}
	chance := rand.New(rand.NewPCG(1, 5))
	for n := range *awsKills {
		want := []int32{500, 100}[n%2]
		scale(t, ctx, c, want)
		time.Sleep(time.Duration(500+chance.IntN(4000)) * time.Millisecond)
		kill()
		operator = start()
		await(t, ctx, 3*time.Minute, "all pods to run", func(ctx context.Context) (bool, error) { return running(ctx, c, int(want)) })
		await(t, ctx, 3*time.Minute, "claims and instances to match", func(ctx context.Context) (bool, error) {
			instances, claims, err := ids(ctx)
			return len(instances) > 0 && slices.Equal(instances, claims), err
		})
	}
	scale(t, ctx, c, 0)
	await(t, ctx, 3*time.Minute, "everything to be given back", func(ctx context.Context) (bool, error) {
		instances, claims, err := ids(ctx)
		return len(instances)+len(claims) == 0, err
	})
	launched := 0
	l.AWSServer().Do(func(w *world.World) { launched = len(w.Launches()) - 2 }) // the control plane's
	t.Logf("%d kills, %d instances launched, none left; calls %v", *awsKills, launched, l.AWSServer().Counts())
}
