package nodeclass

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/ullage-sh/ullage/cluster"
)

// Conditions of a node class (Karpenter's).
const (
	AMIsReady                 = "AMIsReady"
	CapacityReservationsReady = "CapacityReservationsReady"
	InstanceProfileReady      = "InstanceProfileReady"
	PlacementGroupReady       = "PlacementGroupReady"
	SecurityGroupsReady       = "SecurityGroupsReady"
	SubnetsReady              = "SubnetsReady"
	ValidationSucceeded       = "ValidationSucceeded"
)

// findings are what is wrong with a class.
type findings struct{ problems []problem }

// problem is why a condition is False.
type problem struct{ condition, reason, message string }

func (f *findings) add(condition, reason, format string, args ...any) {
	f.problems = append(f.problems, problem{condition, reason, fmt.Sprintf(format, args...)})
}

// conditions says for each aspect whether it is in order, Ready last. The time of a
// condition that already had this status is kept.
func (f *findings) conditions(before []cluster.Condition, now cluster.Instant) []cluster.Condition {
	var out []cluster.Condition
	for _, kind := range []string{
		AMIsReady, CapacityReservationsReady, InstanceProfileReady, PlacementGroupReady, SecurityGroupsReady, SubnetsReady, ValidationSucceeded,
		cluster.ReadyCondition,
	} {
		c := cluster.Condition{Type: kind, Status: "True", Reason: kind, Since: now}
		var messages []string
		for _, p := range f.problems {
			if p.condition == kind || kind == cluster.ReadyCondition {
				if c.Status == "True" {
					c.Status, c.Reason = "False", p.reason
				}
				messages = append(messages, p.message)
			}
		}
		slices.Sort(messages)
		c.Message = strings.Join(slices.Compact(messages), "; ")
		for _, old := range before {
			if old.Type == kind && old.Status == c.Status {
				c.Since = old.Since
			}
		}
		out = append(out, c)
	}
	return out
}

// code is the code of an error from AWS, "" for none.
func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	return ""
}

// lacking says which right the operator would have needed, "" if that is not what is
// wrong. Credentials that are invalid or have expired are another matter.
func lacking(err error) string {
	var e smithy.APIError
	if !errors.As(err, &e) || !slices.Contains([]string{"UnauthorizedOperation", "AccessDenied", "AccessDeniedException"}, e.ErrorCode()) {
		return ""
	}
	what := "an operation of AWS"
	var op *smithy.OperationError
	if errors.As(err, &op) {
		what = strings.ToLower(strings.ReplaceAll(op.Service(), " ", "")) + ":" + op.Operation()
	}
	// EC2 adds a kilobyte that only its own tools can read.
	said, _, _ := strings.Cut(e.ErrorMessage(), " Encoded authorization failure message")
	return "the operator's role does not allow " + what + ": " + said
}
