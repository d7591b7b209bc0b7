package nodeclass

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/ullage-sh/ullage/api/awsv1"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/aws/userdata"
)

// imagesFor is for how long an answer about images counts, those of parameters included.
const imagesFor = 5 * cluster.Minute

// Labels that images make demands on.
const (
	labelGPUs         = "karpenter.k8s.aws/instance-gpu-count"
	labelAccelerators = "karpenter.k8s.aws/instance-accelerator-count"
)

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// variant is what a published image was made for.
type variant []cluster.Requirement

// Variants of AWS's images.
var (
	standard = variant{{Key: labelAccelerators, Operator: cluster.DoesNotExist}, {Key: labelGPUs, Operator: cluster.DoesNotExist}}
	nvidia   = variant{{Key: labelGPUs, Operator: cluster.Exists}}
	neuron   = variant{{Key: labelAccelerators, Operator: cluster.Exists}}
)

// published are the parameters that name the images of an alias, with what each image is
// for. The paths are AWS's documented ones.
func published(family userdata.Family, kubernetes, version string) map[string][]variant {
	out := map[string][]variant{}
	switch family {
	case userdata.AL2023:
		for name, v := range map[string]variant{"standard": standard, "nvidia": nvidia, "neuron": neuron} {
			for _, arch := range []string{"x86_64", "arm64"} {
				if name == "neuron" && arch == "arm64" {
					continue // there is none
				}
				release := "recommended"
				if version != "latest" {
					release = strings.Join([]string{"amazon-eks-node-al2023", arch, name, kubernetes, version}, "-")
				}
				out["/aws/service/eks/optimized-ami/"+kubernetes+"/amazon-linux-2023/"+arch+"/"+name+"/"+release+"/image_id"] = []variant{v}
			}
		}
	case userdata.Bottlerocket:
		version = strings.TrimPrefix(version, "v") // releases are called v1.2.3, the parameters 1.2.3
		for _, arch := range []string{"x86_64", "arm64"} {
			plain := []variant{standard}
			if arch == "x86_64" {
				plain = append(plain, neuron)
			}
			out["/aws/service/bottlerocket/aws-k8s-"+kubernetes+"/"+arch+"/"+version+"/image_id"] = plain
			out["/aws/service/bottlerocket/aws-k8s-"+kubernetes+"-nvidia/"+arch+"/"+version+"/image_id"] = []variant{nvidia}
		}
	}
	return out
}

// imageQuery is a call of DescribeImages.
type imageQuery struct {
	Owners  []string
	Filters []types.Filter
}

// images selects images.
func (r *Resolver) images(ctx context.Context, c *Class, f *findings) error {
	var queries []imageQuery
	var ids []string
	made := map[string][]variant{} // by id of the image
	if name, version, ok := alias(c.Spec); ok {
		if aliases[name] == "" || version == "" {
			return nil // said already
		}
		known, err := r.describeCluster(ctx)
		if err != nil {
			return ignoring(err, "ResourceNotFoundException") // said already
		}
		paths := published(aliases[name], known.Version, version)
		values, err := r.parameters(ctx, keys(paths))
		if err != nil {
			return err
		}
		for path, id := range values {
			made[id] = append(made[id], paths[path]...)
		}
		ids = keys(made)
	} else {
		var params []string
		for _, t := range c.Spec.AMISelectorTerms {
			switch {
			case t.ID != "":
				ids = append(ids, t.ID)
			case t.SSMParameter != "":
				params = append(params, t.SSMParameter)
			case t.Name != "" || len(t.Tags) > 0:
				queries = append(queries, queryOf(t))
			}
		}
		values, err := r.parameters(ctx, params)
		if code(err) == "ValidationException" {
			f.add(AMIsReady, "InvalidParameter", "spec.amiSelectorTerms: the Parameter Store does not take one of %s for a name: %v", asText(params), err)
			return nil
		}
		if err != nil {
			return err
		}
		for _, p := range keys(values) {
			ids = append(ids, values[p])
		}
	}
	if len(ids) > 0 {
		queries = append(queries, imageQuery{Filters: []types.Filter{filter("image-id", ids...)}})
	}
	found, err := r.describeImages(ctx, queries)
	if err != nil {
		return err
	}
	c.Images = preferred(found, made, r.now())
	if len(c.Images) == 0 && !f.has(AMIsReady) {
		f.add(AMIsReady, "AMINotFound", "spec.amiSelectorTerms select no image of x86_64 or arm64 that exists in %s: %s", r.cfg.Region, asText(c.Spec.AMISelectorTerms))
	}
	return nil
}

// queryOf is the query for images by name or tags. By name, others' images are only
// looked at if an owner is named: everybody can publish one of any name.
func queryOf(t awsv1.AMITerm) imageQuery {
	q := imageQuery{Filters: tagged(t.Tags)}
	if t.Name != "" {
		q.Filters = append(q.Filters, filter("name", t.Name))
		q.Owners = []string{"amazon", "self"}
	}
	if t.Owner != "" {
		q.Owners = []string{t.Owner}
	}
	return q
}

// parameters reads parameters; those that do not exist, or are no image, are not in the
// answer.
func (r *Resolver) parameters(ctx context.Context, names []string) (map[string]string, error) {
	return remembered(r, "parameters "+asText(names), imagesFor, func() (map[string]string, error) {
		out := map[string]string{}
		for batch := range slices.Chunk(names, 10) { // the most that SSM reads at once
			answer, err := r.SSM.GetParameters(ctx, &ssm.GetParametersInput{Names: batch})
			if err != nil {
				return nil, err
			}
			for _, p := range answer.Parameters {
				if id := aws.ToString(p.Value); strings.HasPrefix(id, "ami-") {
					out[aws.ToString(p.Name)] = id
				}
			}
		}
		return out, nil
	})
}

// describeImages asks EC2.
func (r *Resolver) describeImages(ctx context.Context, queries []imageQuery) ([]types.Image, error) {
	return remembered(r, "images "+asText(queries), imagesFor, func() ([]types.Image, error) {
		var out []types.Image
		for _, q := range queries {
			pages := ec2.NewDescribeImagesPaginator(r.EC2, &ec2.DescribeImagesInput{
				Owners: q.Owners, IncludeDeprecated: aws.Bool(true), MaxResults: aws.Int32(1000),
				Filters: append(slices.Clone(q.Filters), filter("state", "available")),
			})
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return nil, err
				}
				out = append(out, page.Images...)
			}
		}
		return out, nil
	})
}

// ignoring is nil for an error of that code.
func ignoring(err error, which string) error {
	if code(err) == which {
		return nil
	}
	return err
}
