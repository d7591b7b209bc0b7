package kube

import (
	"context"
	"fmt"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/ullage-sh/ullage/engine"
)

// rivals are the leases of other autoscalers. Two of them in one cluster undo
// each other's work, so while one is held the operator only watches.
var rivals = map[string]string{
	"karpenter-leader-election": "Karpenter",
	"cluster-autoscaler":        "Cluster Autoscaler",
}

// watchRivals pushes engine.Suspended whenever a rival's lease is taken or given
// up. A lease nobody renews runs out without a change, so they are also looked at
// on a timer.
func (c *Cluster) watchRivals(ctx context.Context, push func(engine.Event)) (stop func(), err error) {
	informer, err := c.cache.GetInformer(ctx, &coordinationv1.Lease{})
	if err != nil {
		return nil, fmt.Errorf("watching leases: %w", err)
	}
	var mu sync.Mutex
	last := ""
	look := func() {
		var leases coordinationv1.LeaseList
		if c.cache.List(ctx, &leases) != nil {
			return // stopping; nothing to tell any more
		}
		reason := ""
		for i := range leases.Items {
			if r := heldByRival(&leases.Items[i], time.Now()); r != "" {
				reason = r
			}
		}
		mu.Lock()
		defer mu.Unlock()
		if reason != last {
			last = reason
			push(engine.Suspended{Reason: reason})
		}
	}
	handle, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { look() },
		UpdateFunc: func(any, any) { look() },
		DeleteFunc: func(any) { look() },
	})
	if err != nil {
		return nil, fmt.Errorf("watching leases: %w", err)
	}
	if !toolscache.WaitForCacheSync(ctx.Done(), handle.HasSynced) {
		return nil, ctx.Err()
	}
	look()
	ticker := time.NewTicker(5 * time.Second)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				look()
			}
		}
	}()
	return func() {
		ticker.Stop()
		_ = informer.RemoveEventHandler(handle) // fails only if the informer has stopped
	}, nil
}

// heldByRival says who holds a lease, "" when it is not a rival's or has run out.
func heldByRival(l *coordinationv1.Lease, now time.Time) string {
	who, ok := rivals[l.Name]
	if !ok || l.Spec.HolderIdentity == nil || *l.Spec.HolderIdentity == "" || l.Spec.RenewTime == nil || l.Spec.LeaseDurationSeconds == nil {
		return ""
	}
	if now.After(l.Spec.RenewTime.Add(time.Duration(*l.Spec.LeaseDurationSeconds) * time.Second)) {
		return ""
	}
	return fmt.Sprintf("%s (%s) holds the lease %s/%s; two autoscalers would undo each other's work. Stop it, and Ullage takes over when the lease runs out", who, *l.Spec.HolderIdentity, l.Namespace, l.Name)
}
