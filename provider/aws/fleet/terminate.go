package fleet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/cluster"
)

// mostEnded is how many instances one call ends. EC2 takes 1,000, but one that it does not
// know spoils the call for all, and its bucket of terminations holds no more than that.
const mostEnded = 500

// ended are instances that were ended, and when. It may be forgotten: ending one again
// changes nothing, but is a call of those that EC2 limits most.
type ended struct {
	mu sync.Mutex
	at map[string]cluster.Instant
}

// ending is what came of ending an instance; zero for one that EC2 does not know.
type ending struct {
	state   cluster.InstanceState
	refused error // why it may not be ended
}

// Terminate ends instances and returns the state each is in then. Asked again, it looks
// how far they are. One that EC2 does not show, not even when descriptions have had time
// to catch up, has terminated. One that may not be ended goes on, and is an error if there
// is no other.
func (f *Fleet) Terminate(ctx context.Context, ids []string) (map[string]cluster.InstanceState, error) {
	out := make(map[string]cluster.InstanceState, len(ids))
	fresh, err := f.look(ctx, ids, out)
	if err != nil {
		return nil, err
	}
	var refused []error
	for try := 1; len(fresh) > 0; try++ {
		came, err := f.stopping.ask(ctx, fresh...)
		if err != nil {
			return nil, err
		}
		var unknown []string
		for _, id := range fresh {
			switch e := came[id]; {
			case e.refused != nil:
				out[id] = cluster.InstanceRunning
				refused = append(refused, e.refused)
			case e.state != "":
				out[id] = e.state
				f.ended.note(id, f.cfg.Now(), e.state)
			case try > 1:
				out[id] = cluster.InstanceTerminated
			default:
				unknown = append(unknown, id)
			}
		}
		if fresh = unknown; len(fresh) > 0 {
			if err := f.cfg.Sleep(ctx, f.cfg.Lag); err != nil {
				return nil, err
			}
		}
	}
	if len(refused) > 0 && len(refused) == len(out) {
		return nil, errors.Join(refused...)
	}
	return out, nil
}

// look says how far those are that were ended before, and returns the others, each once.
func (f *Fleet) look(ctx context.Context, ids []string, states map[string]cluster.InstanceState) (others []string, err error) {
	known := map[string]cluster.Instant{}
	for _, id := range ids {
		if at, ok := f.ended.when(id); ok {
			known[id] = at
		} else if !slices.Contains(others, id) {
			others = append(others, id)
		}
	}
	if len(known) == 0 {
		return others, nil
	}
	shown, err := f.byID.ask(ctx, slices.Sorted(maps.Keys(known))...)
	if err != nil {
		return nil, err
	}
	for id, at := range known {
		r, ok := shown[id]
		late := f.cfg.Now() >= at.Add(f.cfg.Lag) // what descriptions show is so
		switch {
		case ok && (r.State == cluster.InstanceShuttingDown || r.State == cluster.InstanceTerminated):
			states[id] = r.State
		case !late:
			states[id] = cluster.InstanceShuttingDown
		case !ok:
			states[id] = cluster.InstanceTerminated
		default:
			others = append(others, id) // it goes on all the same
		}
		f.ended.note(id, at, states[id])
	}
	slices.Sort(others)
	return others, nil
}

func (e *ended) when(id string) (cluster.Instant, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	at, ok := e.at[id]
	return at, ok
}

// note remembers when an instance was ended, until it has.
func (e *ended) note(id string, at cluster.Instant, state cluster.InstanceState) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.at == nil {
		e.at = map[string]cluster.Instant{}
	}
	if state == cluster.InstanceShuttingDown {
		e.at[id] = at
	} else {
		delete(e.at, id)
	}
}

// terminate ends the instances that EC2 knows, and leaves out the others.
func (f *Fleet) terminate(ctx context.Context, ids []string) (map[string]ending, error) {
	out := map[string]ending{}
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

// end makes one call, as a rule. One instance that somebody has protected from being ended
// spoils it for the others: they are asked for by halves, until that one is alone.
func (f *Fleet) end(ctx context.Context, ids []string, came map[string]ending) error {
	if len(ids) == 0 {
		return nil
	}
	out, err := f.cfg.Client.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: ids})
	if code(err) == "OperationNotPermitted" {
		if len(ids) == 1 {
			came[ids[0]] = ending{refused: fmt.Errorf("terminating instance %s: %w", ids[0], err)}
			return nil
		}
		half := len(ids) / 2
		if err := f.end(ctx, ids[:half], came); err != nil {
			return err
		}
		return f.end(ctx, ids[half:], came)
	}
	if err != nil {
		return err
	}
	for _, c := range out.TerminatingInstances {
		s := cluster.InstanceShuttingDown
		if c.CurrentState != nil && c.CurrentState.Name == types.InstanceStateNameTerminated {
			s = cluster.InstanceTerminated
		}
		came[aws.ToString(c.InstanceId)] = ending{state: s}
	}
	return nil
}
