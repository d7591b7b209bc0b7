package ec2

import (
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/awssim/world"
)

// What AWS's services that stand on EC2 ask of it beside its operations.

// Launch is CreateFleet for services that stand on EC2: of one capacity type, with tags of
// theirs, and no fleet to be seen afterwards.
func Launch(w *world.World, in *ec2.CreateFleetInput, spot bool, count int, tags world.Tags) ([]types.CreateFleetInstance, []types.CreateFleetError, error) {
	f := &fleet{w: w, call: &world.Call{}, tags: tags, out: &ec2.CreateFleetOutput{}}
	o, err := f.order(in, spot, count)
	if err != nil {
		return nil, nil, err
	}
	err = f.fulfil(&o)
	return f.out.Instances, f.out.Errors, err
}

// TemplateData is what a version of a launch template says.
func TemplateData(w *world.World, id, name, which *string) (types.ResponseLaunchTemplateData, error) {
	l, err := fromTemplate(w, id, name, which)
	return l.ResponseLaunchTemplateData, err
}

// Extend adds to launch template data what a version of another template has and it has
// not: EKS launches its nodes with copies of its users' templates.
func Extend(w *world.World, data *types.RequestLaunchTemplateData, id, name, which *string) error {
	l, err := fromTemplate(w, id, name, which)
	if err != nil {
		return err
	}
	own := *data
	mirror(data, &l.ResponseLaunchTemplateData)
	if len(data.SecurityGroupIds) == 0 {
		data.SecurityGroupIds = own.SecurityGroupIds
	}
	data.IamInstanceProfile = own.IamInstanceProfile // EKS's, by the group's role
	if data.MetadataOptions == nil {
		data.MetadataOptions = own.MetadataOptions
	}
	return nil
}
