package archtest

// module is the path of the root module. The nested modules (lab, bench) carry
// it as their prefix, so that one table covers them all.
const module = "github.com/ullage-sh/ullage"

// house is one package of the project and the arrows that end in it.
type house struct {
	// path relative to the root. "lab/..." is lab and everything below it; inside,
	// such a house may import itself freely. All others are a single package: a new
	// package is a new row here and a new line in ARCHITECTURE.md.
	path string
	// over names the houses it may import. It may also import whatever those may.
	over []string
}

// houses is every arrow there is. A house may be listed before it is built.
var houses = []house{
	// The pure core.
	{path: "internal/radix"},
	{path: "cluster", over: []string{"internal/radix"}},
	{path: "plan", over: []string{"cluster"}},
	{path: "fit", over: []string{"plan"}},
	{path: "pack", over: []string{"internal/radix"}},
	{path: "pack/verify", over: []string{"pack"}},
	{path: "topology", over: []string{"cluster", "pack"}},
	{path: "solve", over: []string{"fit", "topology"}},
	{path: "autoscale", over: []string{"cluster"}},
	{path: "repack", over: []string{"solve"}},
	{path: "engine", over: []string{"repack", "autoscale"}},

	// Clouds. A provider knows machines; it never sees a plan or the engine.
	{path: "catalog", over: []string{"cluster"}},
	{path: "provider", over: []string{"cluster"}},
	{path: "provider/providertest", over: []string{"provider"}},
	{path: "provider/simulated", over: []string{"provider", "catalog"}},
	{path: "provider/aws/userdata", over: []string{"api/awsv1", "cluster"}},
	{path: "provider/aws/nodeclass", over: []string{"api/awsv1", "api/legacy/awsv1alpha1", "cluster", "provider/aws/userdata"}},
	{path: "provider/aws/interruption", over: []string{"cluster"}},
	{path: "provider/aws/iam"},
	{path: "provider/aws/instancetype", over: []string{"catalog"}},
	{path: "provider/aws/price", over: []string{"catalog"}},
	{path: "provider/aws/fleet", over: []string{"provider"}},
	{path: "provider/aws", over: []string{
		"provider", "catalog", "provider/aws/nodeclass", "provider/aws/userdata", "provider/aws/interruption", "provider/aws/iam",
		"provider/aws/instancetype", "provider/aws/price", "provider/aws/fleet",
	}},
	{path: "awssim/...", over: []string{"provider/simulated"}},

	// Edges: Kubernetes, the real clock, the virtual one.
	{path: "api/v1alpha1"},
	{path: "api/awsv1"},
	{path: "api/legacy"},
	{path: "api/legacy/v1alpha5"},
	{path: "api/legacy/awsv1alpha1"},
	{path: "internal/window", over: []string{"cluster"}},
	{path: "internal/wall", over: []string{"cluster"}},
	{path: "kube", over: []string{"api/v1alpha1", "api/awsv1", "api/legacy", "api/legacy/v1alpha5", "engine", "internal/window"}},
	{path: "runner", over: []string{"engine", "provider"}},
	{path: "deploy"},
	{path: "operator", over: []string{"kube", "runner"}},
	{path: "operator/command", over: []string{"operator", "deploy", "provider/aws", "provider/simulated", "internal/wall"}},
	{path: "sim/...", over: []string{"engine", "provider/simulated", "internal/window"}},

	// Without a cluster or a cloud: objects from files, types from the catalogue.
	{path: "manifest", over: []string{"kube"}},
	{path: "offline", over: []string{"manifest", "provider/simulated"}},

	// What people look at.
	{path: "view", over: []string{"engine"}},
	{path: "compare", over: []string{"solve", "catalog"}},
	{path: "cli", over: []string{"view", "compare", "internal/window"}},
	{path: "tui", over: []string{"view"}},
	{path: "web", over: []string{"view"}},

	// Wiring. The operator's binary carries no control plane: never lab, never bench.
	{path: "cmd/ullage", over: []string{
		"operator/command", "offline", "sim/...", "cli", "tui", "web", "awssim/...", "provider/aws", "provider/simulated", "internal/wall",
	}},
	{path: "lab/...", over: []string{
		"bench/...", "deploy", "operator/command", "cli", "tui", "web", "awssim/...", "provider/aws", "provider/simulated", "provider/providertest", "internal/wall",
	}},
	{path: "bench/...", over: []string{
		"kube", "runner", "sim/...", "cli", "awssim/...", "provider/aws", "provider/simulated",
	}},

	// For tests alone: only _test.go files, which no arrow binds, import it.
	{path: "cluster/clustertest", over: []string{"cluster"}},
	{path: "internal/archtest"},
}

// wall keeps modules from elsewhere inside a few houses.
type wall struct {
	modules []string // import paths, with everything below them
	inside  []string // houses
	why     string
}

// walls bind direct imports.
var walls = []wall{
	{
		modules: []string{"k8s.io/client-go", "sigs.k8s.io/controller-runtime"},
		inside:  []string{"kube", "operator", "operator/command", "cmd/ullage", "lab/...", "bench/..."},
		why:     "Kubernetes objects are converted once, at the edge in kube",
	},
	{
		modules: []string{"sigs.k8s.io/karpenter"},
		inside:  []string{"kube", "manifest", "operator", "cmd/ullage", "lab/...", "bench/..."},
		why:     "Kubernetes objects are converted once, at the edge in kube; manifest reads them for it",
	},
	{
		modules: []string{"github.com/aws"},
		inside: []string{
			"provider/aws", "provider/aws/nodeclass", "provider/aws/interruption", "provider/aws/iam",
			"provider/aws/instancetype", "provider/aws/price", "provider/aws/fleet", "awssim/...",
		},
		why: "the AWS SDK and its types stop in provider/aws, and in awssim, which answers it in its own types",
	},
	{
		modules: []string{"k8s.io/kubernetes", "k8s.io/apiserver", "go.etcd.io"},
		inside:  []string{"lab/...", "bench/..."},
		why:     "the control plane lives in the module lab, so that the operator's binary stays small",
	},
}

// core is the pure core. Its packages and every package of ours below them hold
// to coreForbids.
var core = []string{"internal/radix", "cluster", "plan", "fit", "pack", "pack/verify", "topology", "solve", "repack", "autoscale", "engine"}

// coreForbids are the import paths, with everything below them, through which
// time, chance, the machine or the outside world could change an answer.
var coreForbids = []string{
	"context", "time", // clocks and deadlines
	"math/rand", "crypto/rand", "hash/maphash", // chance
	"log", "os", "net", "syscall", "runtime", "plugin", "C", // the world outside
	"k8s.io", "sigs.k8s.io", // Kubernetes' own types
}

// coreAllows are the modules from elsewhere that the core may use: none.
var coreAllows = []string{}
