package cluster_test

import (
	"fmt"
	"testing"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
)

// seoul is a pool on the whole catalogue of Seoul, with waiting pods of a few
// classes and the DaemonSets of an EKS node.
func seoul(b *testing.B, pods int) cluster.Input {
	b.Helper()
	c, err := catalog.Embedded()
	if err != nil {
		b.Fatal(err)
	}
	types, _, err := c.InstanceTypes("ap-northeast-2", catalog.DefaultSizing(), 1)
	if err != nil {
		b.Fatal(err)
	}
	ref := cluster.ClassRef{Group: "g", Kind: "K", Name: "default"}
	in := cluster.Input{
		Pools: []*cluster.Pool{{Name: "default", Class: ref, Requirements: []cluster.Requirement{
			{Key: "karpenter.k8s.aws/instance-category", Operator: cluster.In, Values: []string{"c", "m", "r"}},
			{Key: cluster.LabelArch, Operator: cluster.In, Values: []string{"amd64"}},
		}}},
		Types: map[cluster.ClassRef][]cluster.InstanceType{ref: types},
	}
	for _, name := range []string{"aws-node", "kube-proxy"} {
		in.Daemons = append(in.Daemons, &cluster.DaemonSet{UID: name, Name: name, Demand: &cluster.Demand{
			Key: name, Requests: cluster.NewResources(map[string]int64{cluster.CPU: 50, cluster.Pods: 1}), Tolerations: []cluster.Toleration{{Operator: cluster.Exists}},
		}})
	}
	classes := make([]*cluster.Demand, 20)
	for i := range classes {
		classes[i] = &cluster.Demand{Key: fmt.Sprint(i), Requests: cluster.NewResources(map[string]int64{cluster.CPU: int64(100 * (i + 1)), cluster.Memory: int64(i+1) << 28, cluster.Pods: 1})}
	}
	for i := range pods {
		in.Pods = append(in.Pods, &cluster.Pod{UID: fmt.Sprint(i), Namespace: "default", Name: fmt.Sprint(i), Demand: classes[i%len(classes)], UnschedulableSince: 1})
	}
	return in
}

func BenchmarkNewSnapshot(b *testing.B) {
	in := seoul(b, 1000)
	b.ReportAllocs()
	for b.Loop() {
		cluster.NewSnapshot(in)
	}
}
