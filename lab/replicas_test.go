package lab_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/ullage-sh/ullage/deploy"
	"github.com/ullage-sh/ullage/lab"
	"github.com/ullage-sh/ullage/lab/attached"
	"github.com/ullage-sh/ullage/operator"
)

// The test binary is the operator, too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "operator" {
		attached.Main(os.Args[2:])
	}
	os.Exit(m.Run())
}

// replica is one operator process.
type replica struct {
	cmd  *exec.Cmd
	addr string
	log  strings.Builder
}

// TestReplicas runs two operators as deploy/aws does, against a lab: its objects are what
// the API server takes, and their command line and settings what the operator takes. Both
// are alive and ready, one acts; when that one goes the other takes over.
func TestReplicas(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	l, err := lab.Start(ctx, lab.Config{Dir: t.TempDir(), Seed: 1, Speed: 30, OnAWS: true, NoOperator: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Stop(); err != nil {
			t.Error(err)
		}
	}()
	args, env := deployed(ctx, t, l)
	line := func() *replica { return startReplica(ctx, t, l, args, env) }
	replicas := []*replica{line(), line()}
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

// deployed applies what deploy/aws is, with the settings of the lab, and returns the command
// line and the settings of its container.
func deployed(ctx context.Context, t *testing.T, l *lab.Lab) (args, env []string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "deploy"), os.DirFS("../deploy")); err != nil {
		t.Fatal(err)
	}
	follow(ctx, t, dir, "IMAGE=registry.example:5000/ours:v7", "AWS_REGION="+l.AWS().Region, "CLUSTER="+lab.ClusterName)
	dir = filepath.Join(dir, "deploy")
	edit(t, filepath.Join(dir, "aws/kustomization.yaml"), "# components: [../irsa]", "components: [../irsa]")
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(dir, "aws"))
	if err != nil {
		t.Fatal(err)
	}
	var d appsv1.Deployment
	kinds := map[string]int{}
	for _, r := range built.Resources() {
		text, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		var u unstructured.Unstructured
		if err := yaml.Unmarshal(text, &u.Object); err != nil {
			t.Fatal(err)
		}
		kinds[u.GetKind()]++
		if err := client.WithFieldValidation(l.Client(), metav1.FieldValidationStrict).Apply(ctx, client.ApplyConfigurationFromUnstructured(&u), client.FieldOwner("test"), client.ForceOwnership); err != nil {
			t.Errorf("%s %s: %v", u.GetKind(), u.GetName(), err)
		}
		switch u.GetKind() {
		case "Deployment":
			if err := yaml.UnmarshalStrict(text, &d); err != nil {
				t.Error(err)
			}
		case "ConfigMap":
			for name, value := range u.Object["data"].(map[string]any) {
				env = append(env, name+"="+value.(string))
			}
		case "ServiceAccount":
			if u.GetAnnotations()["eks.amazonaws.com/role-arn"] == "" {
				t.Error("the service account has no role")
			}
		}
	}
	for _, kind := range []string{"Namespace", "ServiceAccount", "ClusterRole", "Deployment", "ConfigMap", "Service", "PodDisruptionBudget", "NetworkPolicy"} {
		if kinds[kind] != 1 {
			t.Errorf("%d objects of kind %s", kinds[kind], kind)
		}
	}
	if *d.Spec.Replicas != 2 || len(env) != 3 {
		t.Errorf("%d replicas with the settings %v", *d.Spec.Replicas, env)
	}
	if image := d.Spec.Template.Spec.Containers[0].Image; image != "registry.example:5000/ours:v7" {
		t.Errorf("the image is %s", image)
	}
	return d.Spec.Template.Spec.Containers[0].Args, env
}

// follow does in a directory what docs/aws.md says is to be done to the files of deploy.
func follow(ctx context.Context, t *testing.T, dir string, env ...string) {
	t.Helper()
	guide, err := os.ReadFile("../docs/aws.md")
	if err != nil {
		t.Fatal(err)
	}
	steps := 0
	for line := range strings.Lines(string(guide)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "sed -i ") && !strings.HasPrefix(line, "printf ") {
			continue
		}
		steps++
		cmd := exec.CommandContext(ctx, "sh", "-ec", line)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
	if steps != 2 {
		t.Errorf("docs/aws.md has %d steps that change files of deploy, want 2", steps)
	}
}

// edit replaces a text that a file must have.
func edit(t *testing.T, file, text, by string) {
	t.Helper()
	was, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(was), text) {
		t.Fatalf("%s has no %q: %v", file, text, err)
	}
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(was), text, by)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// startReplica starts an operator with the rights of its service account. Other than in the
// pod it listens on a port of its own.
func startReplica(ctx context.Context, t *testing.T, l *lab.Lab, args, env []string) *replica {
	t.Helper()
	kubeconfig, err := l.OperatorKubeconfig()
	if err != nil {
		t.Fatal(err)
	}
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &replica{addr: port.Addr().String()}
	if err := port.Close(); err != nil {
		t.Fatal(err)
	}
	r.cmd = exec.CommandContext(ctx, os.Args[0], append(slices.Clone(args), "--kubeconfig", kubeconfig, "--speed", strconv.Itoa(l.Speed()), "--listen", r.addr)...)
	r.cmd.Env = append(append(os.Environ(), l.AWS().Environment()...), env...)
	r.cmd.Stderr = &r.log
	if _, err := r.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
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
