package fleet

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Tags of instances. Those of Karpenter's are set as well, so that either finds the
// other's instances when a cluster moves from one to the other.
const (
	TagPool    = "karpenter.sh/nodepool"
	TagClass   = "karpenter.k8s.aws/ec2nodeclass"
	TagCluster = "eks:eks-cluster-name"
	// TagToken is the token of the launch, TagPart which of its calls it was: "0", "1", ….
	TagToken = "ullage.sh/token"
	TagPart  = "ullage.sh/part"
	// TagRequest identifies what was asked for with the token.
	TagRequest = "ullage.sh/request"
	// TagTemplate identifies what the node class said at the launch.
	TagTemplate = "ullage.sh/template"
)

// owned is the tag by which the cloud controller and add-ons know the cluster's resources.
func owned(cluster string) string { return "kubernetes.io/cluster/" + cluster }

// TagList writes tags in EC2's form, sorted: the same tags are the same request.
func TagList(tags map[string]string) []types.Tag {
	var out []types.Tag
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return out
}

func tagMap(tags []types.Tag) map[string]string {
	out := make(map[string]string, len(tags))
	for _, t := range tags {
		out[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return out
}

func filter(name string, values ...string) types.Filter {
	return types.Filter{Name: aws.String(name), Values: values}
}
