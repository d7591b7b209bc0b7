package ec2

import (
	"encoding/base64"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

// launch is what is to be launched, but for the pool: a launch template's data, or what a
// request made of it.
type launch struct {
	types.ResponseLaunchTemplateData
	template *world.Template // nil for none
	number   int64
	subnet   string // named by the request itself, "" for none
}

// maxUserData is EC2's bound on user data before it is encoded, bytes.
const maxUserData = 16384

func checkUserData(encoded *string) error {
	raw, err := base64.StdEncoding.DecodeString(aws.ToString(encoded))
	if err != nil {
		return wire.Errorf("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.")
	}
	if len(raw) > maxUserData {
		return wire.Errorf("InvalidParameterValue", "User data is limited to %d bytes", maxUserData)
	}
	return nil
}

// fromTemplate is the launch that a version of a launch template describes.
func fromTemplate(w *world.World, id, name, which *string) (launch, error) {
	t, err := template(w, id, name)
	if err != nil {
		return launch{}, err
	}
	v, err := version(t, aws.ToString(which))
	if err != nil {
		return launch{}, err
	}
	return launch{ResponseLaunchTemplateData: v.Data, template: t, number: v.Number}, nil
}

// tags of the resources that the launch makes.
func (l *launch) tags() (world.Tags, error) {
	var specifications []types.TagSpecification
	for _, s := range l.TagSpecifications {
		specifications = append(specifications, types.TagSpecification{ResourceType: s.ResourceType, Tags: s.Tags})
	}
	return tagSets(specifications)
}

// spot tells whether the launch is for Spot capacity, and the most that it will pay.
func (l *launch) spot() (bool, cluster.Money, error) {
	o := l.InstanceMarketOptions
	if o == nil || o.MarketType == "" {
		return false, 0, nil
	}
	if o.MarketType != types.MarketTypeSpot {
		return false, 0, notSimulated("the market type " + string(o.MarketType))
	}
	if o.SpotOptions == nil {
		return true, 0, nil
	}
	if o.SpotOptions.SpotInstanceType == types.SpotInstanceTypePersistent {
		return false, 0, notSimulated("a persistent Spot request")
	}
	most, err := parsePrice(o.SpotOptions.MaxPrice)
	return true, most, err
}

// parsePrice reads a price in dollars per hour; 0 for none.
func parsePrice(text *string) (cluster.Money, error) {
	if aws.ToString(text) == "" {
		return 0, nil
	}
	dollars, err := strconv.ParseFloat(*text, 64)
	if err != nil || !(dollars > 0 && dollars < 1e6) {
		return 0, wire.Errorf("InvalidParameterValue", "Invalid value '%.40s' for the price: want dollars per hour", *text)
	}
	return cluster.Money(math.Round(dollars * float64(cluster.USD))), nil
}

// refused names what would change where or as what instances run and is not simulated.
func (l *launch) refused() error {
	if p := l.Placement; p != nil {
		if p.Tenancy != "" && p.Tenancy != types.TenancyDefault {
			return notSimulated("tenancy " + string(p.Tenancy))
		}
		if aws.ToString(p.GroupName)+aws.ToString(p.GroupId)+aws.ToString(p.HostId)+aws.ToString(p.HostResourceGroupArn) != "" {
			return notSimulated("placement in groups and on hosts")
		}
	}
	if l.InstanceRequirements != nil {
		return notSimulated("choosing instance types by requirements")
	}
	return nil
}

// pool is what the launch means in one pool. The error says why it cannot be launched
// there, whatever the capacity.
func (l *launch) pool(w *world.World, instanceType string, subnet world.Subnet, spot bool) (world.Pool, error) {
	if err := l.refused(); err != nil {
		return world.Pool{}, err
	}
	t, ok := w.Type(instanceType)
	if !ok {
		return world.Pool{}, wire.Errorf("InvalidParameterValue", "Invalid value '%.40s' for InstanceType.", instanceType)
	}
	p := world.Pool{OfferingID: cluster.OfferingID{InstanceType: instanceType, Zone: subnet.Zone, CapacityType: world.CapacityType(spot)}}
	if _, sold := w.Offering(p.OfferingID); !sold {
		return p, wire.Errorf("Unsupported", "Your requested instance type (%s) is not supported in your requested Availability Zone (%s).", instanceType, subnet.Zone)
	}
	image, err := l.image(w)
	if err != nil {
		return p, err
	}
	if !slices.Contains(t.Arch, image.Arch) {
		return p, wire.Errorf("InvalidParameterValue", "The architecture '%s' of the specified instance type does not match the architecture '%s' of the specified AMI.", strings.Join(t.Arch, ","), image.Arch)
	}
	groups, err := l.groups(w)
	if err != nil {
		return p, err
	}
	p.Machine = world.Machine{
		ImageID: image.ID, Arch: image.Arch, SubnetID: subnet.ID, SecurityGroups: groups, KeyName: aws.ToString(l.KeyName),
		UserData: aws.ToString(l.UserData), EBSOptimized: aws.ToBool(l.EbsOptimized), HTTPTokens: "optional", HTTPEndpoint: "enabled", HopLimit: 1,
		Volumes: l.volumes(image),
	}
	if l.template != nil {
		p.Machine.TemplateID, p.Machine.TemplateName, p.Machine.TemplateNumber = l.template.ID, l.template.Name, l.number
	}
	if i := l.IamInstanceProfile; i != nil {
		if p.Machine.Profile, err = profile(w, i); err != nil {
			return p, err
		}
	}
	if m := l.MetadataOptions; m != nil {
		p.Machine.HTTPTokens = string(orElse(m.HttpTokens, types.LaunchTemplateHttpTokensStateOptional))
		p.Machine.HTTPEndpoint = string(orElse(m.HttpEndpoint, types.LaunchTemplateInstanceMetadataEndpointStateEnabled))
		p.Machine.HopLimit = max(aws.ToInt32(m.HttpPutResponseHopLimit), 1)
	}
	return p, checkUserData(l.UserData)
}

// orElse is v, or fallback where v is not set.
func orElse[E ~string](v, fallback E) E {
	if v == "" {
		return fallback
	}
	return v
}

// image is the one that the launch names, by id or by a parameter that says which.
func (l *launch) image(w *world.World) (world.Image, error) {
	id := aws.ToString(l.ImageId)
	if id == "" {
		return world.Image{}, missing("ImageId")
	}
	if name, ok := strings.CutPrefix(id, "resolve:ssm:"); ok {
		found, ok := w.Parameter(name)
		if !ok {
			return world.Image{}, wire.Errorf("InvalidParameterValue", "The parameter %s, which names the image, does not exist", name)
		}
		id = found.Value
	}
	image, ok := w.Image(id)
	if !ok {
		return image, wire.Errorf("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", id)
	}
	return image, nil
}

// groups are the security groups of the launch's instances.
func (l *launch) groups(w *world.World) ([]string, error) {
	ids := slices.Clone(l.SecurityGroupIds)
	for _, n := range l.NetworkInterfaces {
		ids = append(ids, n.Groups...)
	}
	if len(ids) == 0 {
		all := w.SecurityGroups()
		return []string{all[len(all)-1].ID}, nil // the default one
	}
	for _, id := range ids {
		if !slices.ContainsFunc(w.SecurityGroups(), func(g world.SecurityGroup) bool { return g.ID == id }) {
			return nil, wire.Errorf("InvalidGroup.NotFound", "The security group '%s' does not exist", id)
		}
	}
	return ids, nil
}

// volumes are the disks: the image's root volume and those that the launch names.
func (l *launch) volumes(image world.Image) []world.Volume {
	out := []world.Volume{{Device: image.RootDevice, Type: "gp3", SizeGiB: image.SizeGiB}}
	for _, m := range l.BlockDeviceMappings {
		if m.Ebs == nil {
			continue
		}
		v := world.Volume{
			Device: aws.ToString(m.DeviceName), Type: string(m.Ebs.VolumeType), SizeGiB: aws.ToInt32(m.Ebs.VolumeSize),
			Encrypted: aws.ToBool(m.Ebs.Encrypted), Keep: m.Ebs.DeleteOnTermination != nil && !*m.Ebs.DeleteOnTermination,
		}
		if v.Device == image.RootDevice {
			v.SizeGiB = max(v.SizeGiB, image.SizeGiB)
			out[0] = v
		} else {
			out = append(out, v)
		}
	}
	return out
}

// profile is the ARN of the instance profile that a launch names. EC2 learns a while
// later than IAM of one that is new, and of its role.
func profile(w *world.World, p *types.LaunchTemplateIamInstanceProfileSpecification) (string, error) {
	name, of, what := aws.ToString(p.Name), "name", "name"
	if arn := aws.ToString(p.Arn); arn != "" {
		name, of, what = arn[strings.LastIndexByte(arn, '/')+1:], "arn", "ARN"
	}
	var known, role bool
	there := w.Profile(name)
	if there != nil {
		known, role = w.Launchable(there)
	}
	if !known {
		return "", wire.Errorf("InvalidParameterValue", "Value (%.128s) for parameter iamInstanceProfile.%s is invalid. Invalid IAM Instance Profile %s", name, of, what)
	}
	arn := w.ARN("iam", "", "instance-profile"+there.Path+name)
	if !role {
		return "", wire.Errorf("InvalidParameterValue", "IAM Instance Profile %q has no associated IAM Roles", arn)
	}
	return arn, nil
}
