package archtest

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// clean is a small project that breaks no rule. Each mutant adds one file to it.
var clean = map[string]string{
	"cluster/cluster.go":       `package cluster; import ("fmt"; "slices"); var _ = slices.Max([]int{len(fmt.Sprint())})`,
	"cluster/cluster_test.go":  `package cluster; import ("os"; "time"; "k8s.io/api/core/v1"); var _ = func() { go func() {}() }`,
	"plan/plan.go":             `package plan; import "github.com/ullage-sh/ullage/cluster"`,
	"solve/solve.go":           `package solve; import ("github.com/ullage-sh/ullage/cluster"; "github.com/ullage-sh/ullage/plan")`,
	"engine/engine.go":         `package engine; import ("github.com/ullage-sh/ullage/solve"; "github.com/ullage-sh/ullage/cluster")`,
	"provider/provider.go":     `package provider; import ("context"; "github.com/ullage-sh/ullage/cluster")`,
	"provider/aws/aws.go":      `package aws; import ("github.com/aws/aws-sdk-go-v2/service/ec2"; "github.com/ullage-sh/ullage/provider")`,
	"internal/window/w.go":     `package window; import ("time"; "github.com/robfig/cron/v3"; "github.com/ullage-sh/ullage/cluster")`,
	"kube/kube.go":             `package kube; import ("time"; "k8s.io/client-go/kubernetes"; "github.com/ullage-sh/ullage/engine"; "github.com/ullage-sh/ullage/internal/window")`,
	"kube/kube_linux.go":       `package kube; func watch() { go watch() }`,
	"runner/runner.go":         `package runner; import ("github.com/ullage-sh/ullage/engine"; "github.com/ullage-sh/ullage/provider"); func run() { go run() }`,
	"lab/cmd/ullage-lab/m.go":  `package main; import ("github.com/ullage-sh/ullage/lab/controlplane"; "github.com/ullage-sh/ullage/runner")`,
	"lab/controlplane/cp.go":   `package controlplane; import ("k8s.io/kubernetes/cmd/kube-apiserver/app"; "go.etcd.io/etcd/server/v3/embed")`,
	"solve/testdata/broken.go": `package solve; import "time"`,
	"deps.go":                  "//go:build tools\n\npackage ullage\n\nimport _ \"github.com/aws/aws-sdk-go-v2\"\n",
}

func project(extra map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for _, files := range []map[string]string{clean, extra} {
		for name, text := range files {
			fsys[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return fsys
}

func verdict(t *testing.T, r *rules, extra map[string]string) []string {
	t.Helper()
	tree, err := load(project(extra))
	if err != nil {
		t.Fatal(err)
	}
	return r.check(tree)
}

func TestCleanTreePasses(t *testing.T) {
	if broken := verdict(t, projectRules(t), nil); len(broken) > 0 {
		t.Errorf("a clean tree is refused:\n%s", strings.Join(broken, "\n"))
	}
}

// TestMutants plants one breach at a time and wants it, and nothing else, found.
func TestMutants(t *testing.T) {
	const prefix = "github.com/ullage-sh/ullage/"
	for _, m := range []struct {
		name, file, text string
		want             string // all that is said
	}{
		{"core asks for the time", "solve/x.go", `package solve; import "time"`,
			`solve/x.go:1: the pure core must not import time: time, chance and the outside world arrive as arguments`},
		{"core takes a context", "cluster/x.go", `package cluster; import "context"`,
			`cluster/x.go:1: the pure core must not import context: time, chance and the outside world arrive as arguments`},
		{"core logs", "engine/x.go", `package engine; import "log/slog"`,
			`engine/x.go:1: the pure core must not import log/slog: time, chance and the outside world arrive as arguments`},
		{"core rolls dice", "autoscale/x.go", `package autoscale; import "math/rand/v2"`,
			`autoscale/x.go:1: the pure core must not import math/rand/v2: time, chance and the outside world arrive as arguments`},
		{"core dials", "plan/x.go", `package plan; import "net/http"`,
			`plan/x.go:1: the pure core must not import net/http: time, chance and the outside world arrive as arguments`},
		{"core reads Kubernetes types", "cluster/x.go", `package cluster; import "k8s.io/api/core/v1"`,
			`cluster/x.go:1: the pure core must not import k8s.io/api/core/v1: time, chance and the outside world arrive as arguments`},
		{"core uses a library", "cluster/x.go", `package cluster; import "github.com/samber/lo"`,
			`cluster/x.go:1: the pure core must not import github.com/samber/lo: it uses nothing but the standard library (coreAllows in internal/archtest/arrows.go lists the exceptions)`},
		{"core hides behind a build constraint", "solve/x.go", "//go:build windows && fast\n\npackage solve\n\nimport \"os\"\n",
			`solve/x.go:5: the pure core must not import os: time, chance and the outside world arrive as arguments`},
		{"core starts a goroutine", "solve/x.go", `package solve; func f() { go f() }`,
			`solve/x.go:1: the pure core must not start a goroutine`},
		{"core makes a channel", "engine/x.go", `package engine; var c = make(chan int)`,
			`engine/x.go:1: the pure core must not use channels`},
		{"core prints", "engine/x.go", `package engine; import "fmt"; func f() { fmt.Println() }`,
			`engine/x.go:1: the pure core must not call fmt.Println`},
		{"core prints under another name", "engine/x.go", `package engine; import f "fmt"; func g() { f.Printf("") }`,
			`engine/x.go:1: the pure core must not call fmt.Printf`},
		{"cluster imports plan", "cluster/x.go", `package cluster; import "` + prefix + `plan"`,
			`cluster/x.go:1: cluster must not import plan: there is no arrow plan < cluster in internal/archtest/arrows.go`},
		{"engine imports view", "engine/x.go", `package engine; import "` + prefix + `autoscale"; import "` + prefix + `view"`,
			`engine/x.go:1: engine must not import view: there is no arrow view < engine in internal/archtest/arrows.go`},
		{"engine imports kube", "engine/x.go", `package engine; import "` + prefix + `kube"`, strings.Join([]string{
			`engine/x.go:1: engine must not import kube: there is no arrow kube < engine in internal/archtest/arrows.go`,
			`kube/kube.go:1: what the pure core reaches (engine → kube) must not import time: time, chance and the outside world arrive as arguments`,
			`kube/kube.go:1: what the pure core reaches (engine → kube) must not import k8s.io/client-go/kubernetes: time, chance and the outside world arrive as arguments`,
			`kube/kube_linux.go:1: what the pure core reaches (engine → kube) must not start a goroutine`,
			`internal/window/w.go:1: what the pure core reaches (engine → kube → internal/window) must not import time: time, chance and the outside world arrive as arguments`,
			`internal/window/w.go:1: what the pure core reaches (engine → kube → internal/window) must not import github.com/robfig/cron/v3: it uses nothing but the standard library (coreAllows in internal/archtest/arrows.go lists the exceptions)`,
		}, "\n")},
		{"provider sees the engine", "provider/x.go", `package provider; import "` + prefix + `engine"`,
			`provider/x.go:1: provider must not import engine: there is no arrow engine < provider in internal/archtest/arrows.go`},
		{"view imports kube", "view/x.go", `package view; import "` + prefix + `kube"`,
			`view/x.go:1: view must not import kube: there is no arrow kube < view in internal/archtest/arrows.go`},
		{"the operator carries the lab", "cmd/ullage/x.go", `package main; import "` + prefix + `lab/controlplane"`,
			`cmd/ullage/x.go:1: cmd/ullage must not import lab/controlplane: there is no arrow lab/... < cmd/ullage in internal/archtest/arrows.go`},
		{"the kitchen of a house", "kube/convert/x.go", `package convert`,
			`kube/convert: this package is in no house: add it to the table in internal/archtest/arrows.go and to ARCHITECTURE.md`},
		{"a package of tests alone", "labs/x_test.go", `package labs`,
			`labs: this package is in no house: add it to the table in internal/archtest/arrows.go and to ARCHITECTURE.md`},
		{"code in the root", "x.go", `package ullage`,
			`.: this package is in no house: add it to the table in internal/archtest/arrows.go and to ARCHITECTURE.md`},
		{"client-go in the runner", "runner/x.go", `package runner; import "k8s.io/client-go/tools/cache"`,
			`runner/x.go:1: runner must not import k8s.io/client-go/tools/cache: Kubernetes objects are converted once, at the edge in kube (allowed in kube, operator, operator/command, cmd/ullage, lab/..., bench/...)`},
		{"controller-runtime in the API", "api/v1alpha1/x.go", `package v1alpha1; import "sigs.k8s.io/controller-runtime/pkg/scheme"`,
			`api/v1alpha1/x.go:1: api/v1alpha1 must not import sigs.k8s.io/controller-runtime/pkg/scheme: Kubernetes objects are converted once, at the edge in kube (allowed in kube, operator, operator/command, cmd/ullage, lab/..., bench/...)`},
		{"the AWS SDK in the catalogue", "catalog/x.go", `package catalog; import "github.com/aws/aws-sdk-go-v2/service/ec2"`,
			`catalog/x.go:1: catalog must not import github.com/aws/aws-sdk-go-v2/service/ec2: the AWS SDK and its types stop in provider/aws, and in awssim, which answers it in its own types (allowed in provider/aws, provider/aws/nodeclass, provider/aws/interruption, provider/aws/iam, provider/aws/instancetype, provider/aws/price, provider/aws/fleet, awssim/...)`},
		{"a control plane in the operator", "cmd/ullage/x.go", `package main; import "k8s.io/kubernetes/cmd/kube-scheduler/app"`,
			`cmd/ullage/x.go:1: cmd/ullage must not import k8s.io/kubernetes/cmd/kube-scheduler/app: the control plane lives in the module lab, so that the operator's binary stays small (allowed in lab/..., bench/...)`},
	} {
		t.Run(m.name, func(t *testing.T) {
			got := strings.Join(verdict(t, projectRules(t), map[string]string{m.file: m.text}), "\n")
			if got != m.want {
				t.Errorf("%s: %s\ngot:\n%s\nwant:\n%s", m.file, m.text, got, m.want)
			}
		})
	}
}

// TestTransitiveMutant lets the arrows pass a detour, so that only following the
// imports finds what lies at its end.
func TestTransitiveMutant(t *testing.T) {
	table := slices.Clone(houses)
	for i := range table {
		if table[i].path == "plan" {
			table[i].over = append(slices.Clone(table[i].over), "internal/x")
		}
	}
	table = append(table, house{path: "internal/x", over: []string{"internal/y"}}, house{path: "internal/y"})
	r, err := newRules(table, walls, core, coreAllows)
	if err != nil {
		t.Fatal(err)
	}
	got := verdict(t, r, map[string]string{
		"plan/x.go":       `package plan; import "github.com/ullage-sh/ullage/internal/x"`,
		"internal/x/x.go": `package x; import "github.com/ullage-sh/ullage/internal/y"`,
		"internal/y/y.go": "package y\nimport \"time\"\nfunc f() { go f() }",
	})
	want := []string{
		`internal/y/y.go:2: what the pure core reaches (plan → internal/x → internal/y) must not import time: time, chance and the outside world arrive as arguments`,
		`internal/y/y.go:3: what the pure core reaches (plan → internal/x → internal/y) must not start a goroutine`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestBadTables: a table that contradicts itself checks nothing, so it is an
// error.
func TestBadTables(t *testing.T) {
	for _, m := range []struct {
		name   string
		houses []house
		walls  []wall
		core   []string
		want   string
	}{
		{"twice", []house{{path: "a"}, {path: "a"}}, nil, nil, `arrows: house "a" is listed twice`},
		{"from nowhere", []house{{path: "a", over: []string{"b"}}}, nil, nil, `arrows: "b" is named, but it is no house`},
		{"unknown core", []house{{path: "a"}}, nil, []string{"b"}, `arrows: "b" is named, but it is no house`},
		{"unknown wall", []house{{path: "a"}}, []wall{{inside: []string{"b"}}}, nil, `arrows: "b" is named, but it is no house`},
		{"circle", []house{{path: "a", over: []string{"b"}}, {path: "b", over: []string{"c"}}, {path: "c", over: []string{"b"}}}, nil, nil,
			`arrows: a circle: a > b > c > b`},
	} {
		if _, err := newRules(m.houses, m.walls, m.core, nil); err == nil || err.Error() != m.want {
			t.Errorf("%s: got %v, want %s", m.name, err, m.want)
		}
	}
}
