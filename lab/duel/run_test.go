package duel

import (
	"context"
	"math"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRun is a run in small: our operator as a process of its own, counted and billed.
func TestRun(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	binary := filepath.Join(t.TempDir(), "ullage")
	if out, err := exec.Command("go", "build", "-C", "../..", "-o", binary, "./cmd/ullage").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	c := Ullage(binary)
	c.args = append(c.args, "--speed", "30") // as the cloud
	phases := []Phase{{Pods: 9, For: time.Second}, {Pods: 0, For: time.Second}}
	r, err := Run(t.Context(), c, Config{Dir: t.TempDir(), Seed: 1, Workload: "mixed", Phases: phases, Speed: 30, Cold: true, Settle: true, Progress: func(line string) { t.Log(line) }})
	if err != nil {
		t.Fatal(err)
	}
	up, down := r.Phases[0], r.Phases[1]
	if up.Wait.N < 9 || up.Unbound != 0 || up.Nodes == 0 || up.Hourly <= 0 || up.Launched < up.Nodes || up.EC2Writes == 0 || up.KubeWrites == 0 {
		t.Errorf("nine pods: %+v", up)
	}
	if r.Left != 0 || down.Nodes != 0 || down.Ended == 0 {
		t.Errorf("no pods: %+v, %d nodes left", down, r.Left)
	}
	if r.AWS["ec2:CreateFleet"] == 0 || r.AWS["ec2:TerminateInstances"] == 0 || r.Kubernetes["create nodeclaims"] != r.Launched || r.Kubernetes["watch pods"] == 0 {
		t.Errorf("calls: %v, %v for %d nodes", r.AWS, r.Kubernetes, r.Launched)
	}
	// Sums are rounded to micro-USD.
	if sum := up.USD + down.USD; math.Abs(r.USD-sum) > 5e-6 || r.USD == 0 || r.CPUSeconds <= 0 || r.PeakMiB < 10 || r.ReadySeconds <= 0 || len(r.Program) != 12 {
		t.Errorf("the run costs $%v, its phases $%v; %v s of CPU, %v MiB, ready after %v s", r.USD, sum, r.CPUSeconds, r.PeakMiB, r.ReadySeconds)
	}
}

// TestEnds: a contestant that ends by itself ends the run, and its log is named.
func TestEnds(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	c := Ullage("/bin/false")
	_, err := Run(context.Background(), c, Config{Dir: t.TempDir(), Seed: 1, Workload: "mixed", Phases: []Phase{{Pods: 1, For: time.Minute}}, Progress: func(string) {}})
	if err == nil || !strings.Contains(err.Error(), "ullage.log") {
		t.Errorf("got %v", err)
	}
}
