// Package sts is the part of the Security Token Service that tells a client who it is.
package sts

import (
	"cmp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/ullage-sh/ullage/awssim/world"
)

// GetCallerIdentity tells which account the caller is in.
func GetCallerIdentity(w *world.World, call *world.Call, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	return &sts.GetCallerIdentityOutput{
		Account: aws.String(w.Config().Account), Arn: aws.String(w.ARN("iam", "", "root")), UserId: aws.String(cmp.Or(call.Principal, w.Config().Account)),
	}, nil
}
