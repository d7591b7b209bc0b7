package controlplane

import (
	"fmt"
	"strings"
	_ "unsafe" // for go:linkname

	"k8s.io/component-base/version"
)

// Version is the Kubernetes version that go.mod pins and the API server reports.
const Version = "v1.36.4"

// Kubernetes takes its version from the linker. A build that passes none would
// report v0.0.0-master, which kubectl and client libraries complain about, so
// that init fills in what is missing.

//go:linkname gitVersion k8s.io/component-base/version.gitVersion
var gitVersion string

//go:linkname gitMajor k8s.io/component-base/version.gitMajor
var gitMajor string

//go:linkname gitMinor k8s.io/component-base/version.gitMinor
var gitMinor string

//go:linkname gitCommit k8s.io/component-base/version.gitCommit
var gitCommit string

//go:linkname gitTreeState k8s.io/component-base/version.gitTreeState
var gitTreeState string

func init() {
	if !strings.HasPrefix(gitVersion, "v0.0.0-master") {
		return
	}
	parts := strings.SplitN(strings.TrimPrefix(Version, "v"), ".", 3)
	gitVersion, gitMajor, gitMinor = Version, parts[0], parts[1]
	gitCommit, gitTreeState = "", "archive"
	if err := version.SetDynamicVersion(Version); err != nil {
		panic(fmt.Sprintf("controlplane: %v", err)) // Version is a constant: only a wrong edit gets here
	}
}
