package fleet

import (
	"context"
	"fmt"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
)

// settled is how old the newest instance of a launch is when descriptions surely show all
// of it, whatever the clocks of both sides say, and the launch will not be resumed.
const settled = 10 * cluster.Minute

// Recall returns the instances that were launched with an order's token, by id, as far as
// EC2 still shows them. When there are fewer than are asked for, it gives descriptions the
// time to show the others; none are shown of most orders, because they are new. It rejects
// an order whose token stands for another request. Of the order, only these are looked at.
func (f *Fleet) Recall(ctx context.Context, o Order) ([]Record, error) {
	all, err := f.recall(ctx, o)
	none := len(all) == 0 && !f.tries.any(o.Token)
	if err != nil || none || len(all) >= o.Count || len(all) > 0 && f.old(all) {
		return all, err
	}
	return f.RecallLater(ctx, o)
}

// RecallLater is Recall of what descriptions show when they have had time to catch up.
func (f *Fleet) RecallLater(ctx context.Context, o Order) ([]Record, error) {
	if err := f.cfg.Sleep(ctx, f.cfg.Lag); err != nil {
		return nil, err
	}
	return f.recall(ctx, o)
}

func (f *Fleet) recall(ctx context.Context, o Order) ([]Record, error) {
	found, err := f.byToken.ask(ctx, o.Token)
	if err != nil {
		return nil, err
	}
	for _, r := range found[o.Token] {
		if r.Request != o.Request {
			return nil, &provider.RejectedError{Reason: fmt.Sprintf("token %s was used for another request: a new request needs a new token", o.Token)}
		}
	}
	return found[o.Token], nil
}

// old tells whether a launch has been over for long.
func (f *Fleet) old(all []Record) bool {
	newest := all[0].Launched
	for _, r := range all {
		newest = max(newest, r.Launched)
	}
	return newest.Add(settled) < f.cfg.Now()
}
