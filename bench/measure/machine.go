package measure

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
)

// Machine tells on what and with what is measured, as lines of comment above a table.
func Machine() []string {
	versions := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			versions[m.Path] = m.Version
		}
	}
	return []string{
		fmt.Sprintf("# %s; %d cores, GOMAXPROCS=%d, %s/%s, %s", processor(), runtime.NumCPU(), runtime.GOMAXPROCS(0), runtime.GOOS, runtime.GOARCH, runtime.Version()),
		"# load of the machine before: " + load() + "; figures are those of an idle machine only if it was near 0",
		fmt.Sprintf("# sigs.k8s.io/karpenter %s, k8s.io/api %s; Ullage of this checkout", versions["sigs.k8s.io/karpenter"], versions["k8s.io/api"]),
	}
}

// processor is the name that Linux gives it, or the architecture.
func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer func() { _ = f.Close() }() // only read from
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// load is the load average that Linux tells.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	minute, _, _ := strings.Cut(string(text), " ")
	return minute
}
