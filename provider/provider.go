// Package provider is the contract between Ullage and a cloud: resolve a node
// class, say what is sold, create a batch of identical nodes from an ordered list
// of alternatives, list and delete.
//
// A provider knows machines, never pods or plans; it does not see the engine.
// The suite that every provider must pass is in providertest.
package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// Provider drives one cloud account for one cluster. All methods may be called
// concurrently, block until the cloud has answered and honour ctx.
type Provider interface {
	// Kinds are the node class kinds it serves. A NodePool that refers to any
	// other kind belongs to somebody else.
	Kinds() []Kind
	// Resolve reads a node class and says what it means now: whether it is usable
	// and which instance types it offers, with prices and what is sold out. A
	// class with mistakes is not an error: the resolution says so.
	Resolve(ctx context.Context, class cluster.NodeClass) (Resolution, error)
	// Create launches up to Request.Count identical instances, each from the first
	// offering that has capacity. It is idempotent by token: the same request
	// again, at any time, returns the instances of the first one and launches
	// none. Of the class, its reference is part of the request and its contents
	// are not: who repeats a request after a crash may find the class edited.
	// Fewer instances than asked for is success when at least one came up;
	// SoldOut then names the offerings that had no capacity. With none it fails
	// with *InsufficientCapacityError.
	Create(ctx context.Context, req CreateRequest) (CreateResult, error)
	// List returns every instance of this cluster that exists, those shutting down
	// included. The cloud's view may lag: a new instance can be missing for
	// DescribeLag, and one that is gone may still be shown.
	List(ctx context.Context) ([]Instance, error)
	// Get returns one instance, or *NotFoundError when there is none by that id or
	// it has terminated. It may lag as List does.
	Get(ctx context.Context, id string) (Instance, error)
	// Delete asks for instances to be terminated and returns the state each is in
	// then; asking again is harmless. An id that does not exist is Terminated.
	Delete(ctx context.Context, ids []string) (map[string]State, error)
	// Notices waits for what the cloud says of instances of its own accord, such as that
	// it will take one back, and returns it. While there is nothing it returns nothing
	// after a while. What is not acknowledged is said again, also to the next process.
	Notices(ctx context.Context) ([]Notice, error)
	// Acknowledge says that notices, by their receipts, need not be said again. Asking
	// again is harmless, and so is a receipt that nobody knows.
	Acknowledge(ctx context.Context, receipts []string) error
	// Learn tells how much memory, in bytes, the kubelet of a node found on an instance of
	// a type with an image, for a provider that cannot know it beforehand. It asks nothing
	// of the cloud, and may be told the same again.
	Learn(instanceType, imageID string, memory int64)
	// DescribeLag bounds how long List and Get may miss a new instance.
	DescribeLag() cluster.Duration
}

// Kind is a node class kind.
type Kind = cluster.ClassKind

// Resolution is what a node class means to the provider now.
type Resolution = cluster.Resolution

// CreateRequest asks for a batch of instances.
type CreateRequest struct {
	// Token identifies the request; see Provider.Create.
	Token string
	Class cluster.NodeClass
	Pool  string
	// Count of instances, all alike.
	Count int
	// Offerings in the order in which they are to be tried; not empty.
	Offerings []cluster.OfferingID
	// What the node registers with.
	Labels cluster.Labels
	Taints []cluster.Taint
}

// Validate tells what is wrong with a request.
func (r CreateRequest) Validate() error {
	switch {
	case r.Token == "":
		return fmt.Errorf("create: token is empty")
	case r.Count < 1:
		return fmt.Errorf("create %s: count is %d, want at least 1", r.Token, r.Count)
	case len(r.Offerings) == 0:
		return fmt.Errorf("create %s: no offerings to choose from", r.Token)
	}
	return nil
}

// CreateResult is what came up.
type CreateResult struct {
	Instances []Instance // sorted by id
	SoldOut   []cluster.OfferingID
}

// Instance is a machine as the cloud describes it.
type Instance = cluster.Instance

// Notice is what the cloud says of an instance of its own accord.
type Notice = cluster.Notice

// State of an instance.
type State = cluster.InstanceState

// Instance states, EC2's names.
const (
	Pending      = cluster.InstancePending
	Running      = cluster.InstanceRunning
	ShuttingDown = cluster.InstanceShuttingDown
	Terminated   = cluster.InstanceTerminated
)

// NotFoundError means that there is no such instance, or that it has terminated.
type NotFoundError struct{ ID string }

func (e *NotFoundError) Error() string { return "instance " + e.ID + " does not exist" }

// InsufficientCapacityError means that none of the offerings of a request had capacity.
type InsufficientCapacityError struct{ SoldOut []cluster.OfferingID }

func (e *InsufficientCapacityError) Error() string {
	names := make([]string, 0, len(e.SoldOut))
	for _, o := range e.SoldOut {
		names = append(names, o.String())
	}
	slices.Sort(names)
	return "no capacity for any of " + strings.Join(names, ", ")
}

// RejectedError means that the cloud will not do it however often it is asked: a class
// that does not resolve, an invalid parameter, a token used for another request.
type RejectedError struct{ Reason string }

func (e *RejectedError) Error() string { return e.Reason }
