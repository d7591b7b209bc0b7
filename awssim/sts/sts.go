// Package sts is the part of the Security Token Service that tells a client who it is, and
// lets it be a role for a while.
package sts

import (
	"cmp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

// GetCallerIdentity tells which account the caller is in, and as whom.
func GetCallerIdentity(w *world.World, call *world.Call, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	out := &sts.GetCallerIdentityOutput{
		Account: aws.String(w.Config().Account), Arn: aws.String(w.ARN("iam", "", "root")), UserId: aws.String(cmp.Or(call.Principal, w.Config().Account)),
	}
	if s := w.Session(call.Principal); s != nil {
		as := assumed(w, s)
		out.Arn, out.UserId = as.Arn, as.AssumedRoleId
	}
	return out, nil
}

// assumed is who a session is.
func assumed(w *world.World, s *world.Session) *types.AssumedRoleUser {
	return &types.AssumedRoleUser{
		Arn: aws.String(w.ARN("sts", "", "assumed-role/"+s.Role+"/"+s.Name)), AssumedRoleId: aws.String("AROA" + strings.ToUpper(w.Config().Cluster) + ":" + s.Name),
	}
}

// STS's bounds on how long a session may last, and what it lasts unless somebody says so.
const least, usual, most = 900, 3600, 43200

// AssumeRole gives out credentials that expire. Whoever asks may have any role.
func AssumeRole(w *world.World, _ *world.Call, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	arn, name := aws.ToString(in.RoleArn), aws.ToString(in.RoleSessionName)
	_, role, ok := strings.Cut(arn, ":role/")
	if !ok || role == "" || !strings.HasPrefix(arn, "arn:") {
		return nil, wire.Errorf("ValidationError", "%.80q is no ARN of a role", arn)
	}
	if len(name) < 2 || len(name) > 64 {
		return nil, wire.Errorf("ValidationError", "RoleSessionName has 2 to 64 characters, not %d", len(name))
	}
	lasts := int32(usual)
	if in.DurationSeconds != nil {
		lasts = *in.DurationSeconds
	}
	if lasts < least || lasts > most {
		return nil, wire.Errorf("ValidationError", "DurationSeconds is %d: want %d to %d", lasts, least, most)
	}
	s := w.Assume(role[strings.LastIndexByte(role, '/')+1:], name, cluster.Duration(lasts)*cluster.Second)
	return &sts.AssumeRoleOutput{AssumedRoleUser: assumed(w, s), Credentials: &types.Credentials{
		AccessKeyId: aws.String(s.Key), SecretAccessKey: aws.String(s.Secret), SessionToken: aws.String(s.Token), Expiration: aws.Time(world.Time(s.Expires)),
	}}, nil
}
