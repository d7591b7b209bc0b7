package nodeclass

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/cluster"
)

// architectures in Kubernetes' words, by EC2's.
var architectures = map[types.ArchitectureValues]string{types.ArchitectureValuesX8664: "amd64", types.ArchitectureValuesArm64: "arm64"}

// preferred are the images that EC2 found, each with what an instance type must be like
// to boot it; one made for several things is there for each. Of those that demand the
// same only the best is left: none that is deprecated if there is another, then the
// newest. They are in that order. Of an image that nothing is known of, made has nothing:
// it demands its architecture.
func preferred(found []types.Image, made map[string][]variant, now cluster.Instant) []Image {
	var out []Image
	for _, x := range found {
		arch := architectures[x.Architecture]
		if arch == "" {
			continue
		}
		variants := made[aws.ToString(x.ImageId)]
		if len(variants) == 0 {
			variants = []variant{nil}
		}
		for _, v := range variants {
			i := Image{ID: aws.ToString(x.ImageId), Name: aws.ToString(x.Name), RootDevice: aws.ToString(x.RootDeviceName), Created: instantOf(x.CreationDate)}
			deprecated := instantOf(x.DeprecationTime)
			i.Deprecated = deprecated != 0 && deprecated <= now
			i.Requirements = append([]cluster.Requirement{{Key: cluster.LabelArch, Operator: cluster.In, Values: []string{arch}}}, v...)
			out = append(out, i)
		}
	}
	slices.SortFunc(out, better)
	seen := map[string]bool{}
	return slices.DeleteFunc(out, func(i Image) bool {
		demand := asText(i.Requirements)
		double := seen[demand]
		seen[demand] = true
		return double
	})
}

// better sorts images by preference.
func better(a, b Image) int {
	if a.Deprecated != b.Deprecated {
		if a.Deprecated {
			return 1
		}
		return -1
	}
	return cmp.Or(cmp.Compare(b.Created, a.Created), strings.Compare(b.Name, a.Name), strings.Compare(a.ID, b.ID), strings.Compare(asText(a.Requirements), asText(b.Requirements)))
}

// instantOf reads a time as EC2 writes it; 0 for none.
func instantOf(text *string) cluster.Instant {
	t, err := time.Parse(time.RFC3339, aws.ToString(text))
	if err != nil {
		return 0
	}
	return cluster.Instant(t.UnixNano())
}
