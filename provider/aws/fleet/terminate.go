package fleet

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/cluster"
)

// mostEnded is how many instances one call ends. EC2 takes 1,000, but one that it does not
// know spoils the call for all, and its bucket of terminations holds no more than that.
const mostEnded = 500

// Terminate ends instances and returns the state each is in then. One that EC2 does not
// show, not even when descriptions have had time to catch up, has terminated.
func (f *Fleet) Terminate(ctx context.Context, ids []string) (map[string]cluster.InstanceState, error) {
	out := make(map[string]cluster.InstanceState, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	states, err := f.stopping.ask(ctx, ids...)
	if err != nil {
		return nil, err
	}
	var unknown []string
	for _, id := range ids {
		if out[id] = states[id]; out[id] == "" && !slices.Contains(unknown, id) {
			unknown = append(unknown, id)
		}
	}
	if len(unknown) == 0 {
		return out, nil
	}
	if err := f.cfg.Sleep(ctx, f.cfg.Lag); err != nil {
		return nil, err
	}
	if states, err = f.stopping.ask(ctx, unknown...); err != nil {
		return nil, err
	}
	for _, id := range unknown {
		if out[id] = states[id]; out[id] == "" {
			out[id] = cluster.InstanceTerminated
		}
	}
	return out, nil
}

// terminate ends the instances that EC2 knows, and leaves out the others.
func (f *Fleet) terminate(ctx context.Context, ids []string) (map[string]cluster.InstanceState, error) {
	out := map[string]cluster.InstanceState{}
	for some := range slices.Chunk(ids, mostEnded) {
		err := f.end(ctx, some, out)
		if err != nil && strings.HasPrefix(code(err), "InvalidInstanceID") {
			// Whom it does not know EC2 says in a sentence; descriptions say it in a form.
			var known map[string]Record
			if known, err = f.describeIDs(ctx, some); err == nil {
				some = slices.DeleteFunc(some, func(id string) bool { _, ok := known[id]; return !ok })
				if err = f.end(ctx, some, out); strings.HasPrefix(code(err), "InvalidInstanceID") {
					err = nil // gone between the two: they are left out, and asked for again
				}
			}
		}
		if err != nil {
			return nil, fmt.Errorf("terminating %d instances: %w", len(some), err)
		}
	}
	return out, nil
}

// end makes one call.
func (f *Fleet) end(ctx context.Context, ids []string, states map[string]cluster.InstanceState) error {
	if len(ids) == 0 {
		return nil
	}
	out, err := f.cfg.Client.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: ids})
	if err != nil {
		return err
	}
	for _, c := range out.TerminatingInstances {
		s := cluster.InstanceShuttingDown
		if c.CurrentState != nil && c.CurrentState.Name == types.InstanceStateNameTerminated {
			s = cluster.InstanceTerminated
		}
		states[aws.ToString(c.InstanceId)] = s
	}
	return nil
}
