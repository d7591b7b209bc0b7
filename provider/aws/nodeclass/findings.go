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
type findings struct {
	problems []problem
	notes    []problem // what is not wrong, and worth knowing
	// fields are names of fields in the words of what is read, nil for those of a class.
	fields *strings.Replacer
}

// problem is why a condition is False.
type problem struct{ condition, reason, message string }

func (f *findings) add(condition, reason, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	if f.fields != nil {
		message = f.fields.Replace(message)
	}
	f.problems = append(f.problems, problem{condition, reason, message})
}

// note is the message of a condition that nothing is wrong with.
func (f *findings) note(condition, message string) {
	f.notes = append(f.notes, problem{condition, "", message})
}

// has tells whether something is wrong with an aspect.
func (f *findings) has(condition string) bool {
	return slices.ContainsFunc(f.problems, func(p problem) bool { return p.condition == condition })
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
		for _, n := range f.notes {
			if n.condition == kind && len(messages) == 0 {
				messages = append(messages, n.message)
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
