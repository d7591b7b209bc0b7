package offline

import (
	"maps"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// windowsBuilds are the builds of the Windows versions that Karpenter's images have, by
// the year in their names; nodes carry them as a label.
var windowsBuilds = map[string]string{"2019": "10.0.17763", "2022": "10.0.20348", "2025": "10.0.26100"}

const labelWindowsBuild = "node.kubernetes.io/windows-build"

// windows is the build of Windows that nodes of a class run, "" for Linux.
func (s *ec2Spec) windows() string {
	names := []string{s.AMIFamily}
	for _, t := range s.AMISelectorTerms {
		names = append(names, t.Alias)
	}
	for _, name := range names {
		name, _, _ = strings.Cut(name, "@")
		if year, ok := strings.CutPrefix(strings.ToLower(name), "windows"); ok {
			return windowsBuilds[year]
		}
	}
	return ""
}

// onWindows are the types as nodes that run Windows, which only amd64 does.
func onWindows(types []cluster.InstanceType, build string) []cluster.InstanceType {
	types = slices.DeleteFunc(slices.Clone(types), func(t cluster.InstanceType) bool { return t.Labels[cluster.LabelArch] != "amd64" })
	for i := range types {
		types[i].Labels = maps.Clone(types[i].Labels)
		types[i].Labels[cluster.LabelOS], types[i].Labels[labelWindowsBuild] = "windows", build
	}
	return types
}
