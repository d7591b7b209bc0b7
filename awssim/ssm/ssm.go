// Package ssm is the part of the Systems Manager API that tells which image is the
// newest: the Parameter Store's public parameters, to be read.
package ssm

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/ullage-sh/ullage/awssim/paging"
	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/awssim/world"
)

func describe(w *world.World, p world.Parameter) types.Parameter {
	return types.Parameter{
		Name: aws.String(p.Name), Value: aws.String(p.Value), Version: p.Version, Type: types.ParameterTypeString, DataType: aws.String("text"),
		LastModifiedDate: aws.Time(world.Time(p.Modified)), ARN: aws.String("arn:aws:ssm:" + w.Config().Region + "::parameter" + p.Name),
	}
}

// GetParameter reads one parameter.
func GetParameter(w *world.World, _ *world.Call, in *ssm.GetParameterInput) (*ssm.GetParameterOutput, error) {
	p, ok := w.Parameter(aws.ToString(in.Name))
	if !ok {
		return nil, wire.Errorf("ParameterNotFound", "Parameter %s not found.", aws.ToString(in.Name))
	}
	d := describe(w, p)
	return &ssm.GetParameterOutput{Parameter: &d}, nil
}

// GetParameters reads up to ten; names that are none are listed.
func GetParameters(w *world.World, _ *world.Call, in *ssm.GetParametersInput) (*ssm.GetParametersOutput, error) {
	if n := len(in.Names); n < 1 || n > 10 {
		return nil, wire.Errorf("ValidationException", "Want 1 to 10 names, not %d", n)
	}
	out := &ssm.GetParametersOutput{Parameters: []types.Parameter{}, InvalidParameters: []string{}}
	for _, name := range in.Names {
		if p, ok := w.Parameter(name); ok {
			out.Parameters = append(out.Parameters, describe(w, p))
		} else {
			out.InvalidParameters = append(out.InvalidParameters, name)
		}
	}
	return out, nil
}

// pages of parameters have ten at most.
var pages = paging.Bounds{Least: 1, Most: 10, Usual: 10, Codes: paging.Codes{Size: "ValidationException", Token: "InvalidNextToken"}}

// GetParametersByPath reads what is below a path.
func GetParametersByPath(w *world.World, _ *world.Call, in *ssm.GetParametersByPathInput) (*ssm.GetParametersByPathOutput, error) {
	path := aws.ToString(in.Path)
	if path == "" || path[0] != '/' {
		return nil, wire.Errorf("ValidationException", "The path must begin with a slash")
	}
	if !aws.ToBool(in.Recursive) || len(in.ParameterFilters) > 0 {
		return nil, wire.Errorf("UnsupportedOperation", "GetParametersByPath is simulated with Recursive and without ParameterFilters")
	}
	all, next, err := paging.Page("GetParametersByPath "+path, w.Parameters(path), in.MaxResults, in.NextToken, pages)
	if err != nil {
		return nil, err
	}
	out := &ssm.GetParametersByPathOutput{Parameters: []types.Parameter{}, NextToken: next}
	for _, p := range all {
		out.Parameters = append(out.Parameters, describe(w, p))
	}
	return out, nil
}
