package fleet

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/cluster"
)

// Tags of instances. Those of Karpenter's are set as well, so that either finds the
// other's instances when a cluster moves from one to the other.
const (
	TagPool    = "karpenter.sh/nodepool"
	TagCluster = "eks:eks-cluster-name"
	// TagClass has the name of the class, or TagNodeTemplate that of what a class was called
	// in 2023: see ClassTag.
	TagClass        = "karpenter.k8s.aws/ec2nodeclass"
	TagNodeTemplate = "karpenter.k8s.aws/awsnodetemplate"
	// TagProvisioner has the pool's name beside TagPool where there is a TagNodeTemplate: bills
	// of that time are sorted by it.
	TagProvisioner = "karpenter.sh/provisioner-name"
	// TagToken is the token of the launch, TagPart which of its calls it was: see Step.
	TagToken = "ullage.sh/token"
	TagPart  = "ullage.sh/part"
	// TagReserved is "true" on instances that were launched into a capacity reservation.
	TagReserved = "ullage.sh/reserved"
	// TagRequest identifies what was asked for with the token.
	TagRequest = "ullage.sh/request"
	// TagTemplate identifies what the node class said at the launch.
	TagTemplate = "ullage.sh/template"
)

// ClassTag is the tag by which instances name a class of that kind.
func ClassTag(ref cluster.ClassRef) string { return ref.Group + "/" + strings.ToLower(ref.Kind) }

// Belongs adds the tags that say which pool and class something was launched for.
func Belongs(tags map[string]string, pool string, class cluster.ClassRef) {
	tag := ClassTag(class)
	tags[TagPool], tags[tag] = pool, class.Name
	if tag == TagNodeTemplate {
		tags[TagProvisioner] = pool
	}
}

// classOf is the class that tags name, by tag and name.
func classOf(tags map[string]string) (tag, name string) {
	if name, ok := tags[TagNodeTemplate]; ok {
		return TagNodeTemplate, name
	}
	return TagClass, tags[TagClass]
}

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
