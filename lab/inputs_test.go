package lab_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	autoscalingv1beta1 "sigs.k8s.io/karpenter/pkg/apis/autoscaling/v1beta1"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/kube"
	"github.com/ullage-sh/ullage/lab"
	"github.com/ullage-sh/ullage/runner"
)

// podGroups is as much of the coscheduling plugin's resource definition as a pod group
// needs.
const podGroups = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: podgroups.scheduling.x-k8s.io
  # Groups below *.k8s.io want to be reviewed; what is installed here stays here.
  annotations: {api-approved.kubernetes.io: unapproved}
spec:
  group: scheduling.x-k8s.io
  scope: Namespaced
  names: {kind: PodGroup, listKind: PodGroupList, plural: podgroups, singular: podgroup}
  versions:
  - name: v1alpha1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              minMember: {type: integer, format: int32}
`

const trainGroup = `
apiVersion: scheduling.x-k8s.io/v1alpha1
kind: PodGroup
metadata: {namespace: default, name: train}
spec: {minMember: 4}
`

// sight is what the engine has seen after its last step.
type sight struct {
	mu sync.Mutex
	in cluster.Input
}

func (s *sight) observe(step runner.Step) {
	in := step.Engine.Input()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.in = in
}

// text is what there is of what the tests below look at.
func (s *sight) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for _, p := range s.in.Pods {
		fmt.Fprintf(&b, "\n  pod %s on %q ready=%t", p.ID(), p.Node, p.Ready)
	}
	for _, n := range s.in.Nodes {
		fmt.Fprintf(&b, "\n  node %s ready=%t", n.Name, n.Ready)
	}
	for _, x := range s.in.Budgets {
		fmt.Fprintf(&b, "\n  budget %s allows %d: %s", x.Name, x.Allowed, x.Why)
	}
	for _, x := range s.in.Buffers {
		fmt.Fprintf(&b, "\n  buffer %s: %d chunks %+v", x.Name, x.Chunks, x.Problem)
	}
	return b.String()
}

// TestWhatTheEngineSees: budgets, groups of pods, buffers and what they refer to, and
// conditions of nodes arrive with the rights that the operator has, by watches and when
// everything is told anew.
func TestWhatTheEngineSees(t *testing.T) {
	for _, forget := range []bool{false, true} {
		t.Run(fmt.Sprintf("forget=%t", forget), func(t *testing.T) { whatTheEngineSees(t, forget) })
	}
}

func whatTheEngineSees(t *testing.T, forget bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	var seen sight
	l, err := lab.Start(ctx, lab.Config{Dir: t.TempDir(), Seed: 1, Speed: 30, Observe: seen.observe, Forget: forget,
		Engine: func(o *engine.Options) {
			if forget { // a window that nobody remembers the beginning of never ends
				o.BatchIdle, o.BatchMax, o.BatchLimit = 0, 0, 0
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Stop(); err != nil {
			t.Error(err)
		}
	}()
	c := l.Client()
	// Kinds that come later are looked for when the operator starts.
	if err := l.StopOperator(); err != nil {
		t.Fatal(err)
	}
	if _, err := kube.Apply(ctx, c, []byte(podGroups)); err != nil {
		t.Fatal(err)
	}
	await(t, ctx, 20*time.Second, "pod groups to be served", func(ctx context.Context) (bool, error) {
		_, err := kube.Apply(ctx, c, []byte(trainGroup))
		return err == nil, nil
	})
	room := &autoscalingv1beta1.CapacityBuffer{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "room"},
		Spec: autoscalingv1beta1.CapacityBufferSpec{
			ScalableRef: &autoscalingv1beta1.ScalableRef{APIGroup: "apps", Kind: "Deployment", Name: "inflate"}, Percentage: ptr.To(int32(50)),
		},
	}
	if err := c.Create(ctx, room); err != nil {
		t.Fatal(err)
	}
	if err := l.StartOperator(); err != nil {
		t.Fatal(err)
	}
	eventually := func(what string, done func(in *cluster.Input) bool) {
		t.Helper()
		defer func() {
			if t.Failed() {
				t.Logf("seen: %s", seen.text())
			}
		}()
		await(t, ctx, time.Minute, what, func(context.Context) (bool, error) {
			seen.mu.Lock()
			defer seen.mu.Unlock()
			return done(&seen.in), nil
		})
	}
	chunks := func(n int32, reason string) func(*cluster.Input) bool {
		return func(in *cluster.Input) bool {
			return len(in.Buffers) == 1 && in.Buffers[0].Chunks == n && in.Buffers[0].Problem.Reason == reason && (in.Buffers[0].Demand == nil) == (reason != "")
		}
	}
	eventually("the pod group", func(in *cluster.Input) bool { return len(in.Gangs) == 1 && in.Gangs[0].Least == 4 })
	eventually("a buffer of what is not there", chunks(0, cluster.ScalableRefNotFound))
	d := inflate(3)
	if err := c.Create(ctx, d); err != nil {
		t.Fatal(err)
	}
	eventually("a buffer of a half of three", chunks(2, ""))
	scale(t, ctx, c, 5)
	eventually("a buffer of a half of five", chunks(3, ""))

	pdb := &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "inflate"},
		Spec:       policyv1.PodDisruptionBudgetSpec{MaxUnavailable: ptr.To(intstr.FromInt32(2)), Selector: d.Spec.Selector},
	}
	if err := c.Create(ctx, pdb); err != nil {
		t.Fatal(err)
	}
	eventually("pods that are ready, and a budget that lets two of them go", func(in *cluster.Input) bool {
		ready := 0
		for _, p := range in.Pods {
			if p.Ready && p.Owner.Kind == "ReplicaSet" && len(in.Budgets) == 1 && in.Budgets[0].Covers(p) && in.Budgets[0].Allows(p) {
				ready++
			}
		}
		return ready == 5 && in.Budgets[0].Allowed == 2
	})
	eventually("conditions of nodes", func(in *cluster.Input) bool {
		return slices.ContainsFunc(in.Nodes, func(n *cluster.Node) bool {
			return n.Condition("DiskPressure").Status == "False" && n.Condition(cluster.ReadyCondition).Status == "True"
		})
	})

	eventually("the status of the buffer", func(in *cluster.Input) bool {
		s := in.Buffers[0].Status
		is := func(kind string) bool {
			return slices.ContainsFunc(s.Conditions, func(c cluster.Condition) bool { return c.Type == kind && c.Status == "True" })
		}
		return s.Chunks == 3 && is(cluster.ReadyForProvisioning) && is(cluster.Provisioning)
	})
	for _, o := range []client.Object{d, pdb} {
		if err := c.Delete(ctx, o); err != nil {
			t.Fatal(err)
		}
	}
	eventually("what is gone to be gone", func(in *cluster.Input) bool {
		return len(in.Budgets) == 0 && chunks(0, cluster.ScalableRefNotFound)(in)
	})
}
