package providertest_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
)

// mutant is a provider that breaks a promise, and the checks that must notice.
type mutant struct {
	name   string
	breaks []string
	wrap   func(p provider.Provider, advance func(cluster.Duration)) provider.Provider
}

// broken is a provider some methods of which are replaced.
type broken struct {
	provider.Provider
	kinds   func() []provider.Kind
	resolve func(context.Context, cluster.NodeClass) (provider.Resolution, error)
	create  func(context.Context, provider.CreateRequest) (provider.CreateResult, error)
	list    func(context.Context) ([]provider.Instance, error)
	get     func(context.Context, string) (provider.Instance, error)
	delete  func(context.Context, []string) (map[string]provider.State, error)
	lag     func() cluster.Duration
	notices func(context.Context) ([]provider.Notice, error)
	heed    func(context.Context, []string) error
}

func (b broken) Notices(ctx context.Context) ([]provider.Notice, error) {
	if b.notices != nil {
		return b.notices(ctx)
	}
	return b.Provider.Notices(ctx)
}

func (b broken) Acknowledge(ctx context.Context, receipts []string) error {
	if b.heed != nil {
		return b.heed(ctx, receipts)
	}
	return b.Provider.Acknowledge(ctx, receipts)
}

func (b broken) Kinds() []provider.Kind {
	if b.kinds != nil {
		return b.kinds()
	}
	return b.Provider.Kinds()
}

func (b broken) Resolve(ctx context.Context, nc cluster.NodeClass) (provider.Resolution, error) {
	if b.resolve != nil {
		return b.resolve(ctx, nc)
	}
	return b.Provider.Resolve(ctx, nc)
}

func (b broken) Create(ctx context.Context, r provider.CreateRequest) (provider.CreateResult, error) {
	if b.create != nil {
		return b.create(ctx, r)
	}
	return b.Provider.Create(ctx, r)
}

func (b broken) List(ctx context.Context) ([]provider.Instance, error) {
	if b.list != nil {
		return b.list(ctx)
	}
	return b.Provider.List(ctx)
}

func (b broken) Get(ctx context.Context, id string) (provider.Instance, error) {
	if b.get != nil {
		return b.get(ctx, id)
	}
	return b.Provider.Get(ctx, id)
}

func (b broken) Delete(ctx context.Context, ids []string) (map[string]provider.State, error) {
	if b.delete != nil {
		return b.delete(ctx, ids)
	}
	return b.Provider.Delete(ctx, ids)
}

func (b broken) DescribeLag() cluster.Duration {
	if b.lag != nil {
		return b.lag()
	}
	return b.Provider.DescribeLag()
}

// onResolve is a provider whose resolutions are edited.
func onResolve(edit func(*provider.Resolution)) func(provider.Provider, func(cluster.Duration)) provider.Provider {
	return func(p provider.Provider, _ func(cluster.Duration)) provider.Provider {
		return broken{Provider: p, resolve: func(ctx context.Context, nc cluster.NodeClass) (provider.Resolution, error) {
			r, err := p.Resolve(ctx, nc)
			r.Types = slices.Clone(r.Types)
			for i := range r.Types {
				r.Types[i].Offerings = slices.Clone(r.Types[i].Offerings)
			}
			edit(&r)
			return r, err
		}}
	}
}

// onCreate is a provider whose create calls are made in another way.
func onCreate(create func(context.Context, provider.Provider, provider.CreateRequest) (provider.CreateResult, error)) func(provider.Provider, func(cluster.Duration)) provider.Provider {
	return func(p provider.Provider, _ func(cluster.Duration)) provider.Provider {
		return broken{Provider: p, create: func(ctx context.Context, r provider.CreateRequest) (provider.CreateResult, error) {
			return create(ctx, p, r)
		}}
	}
}

// onList is a provider whose lists are edited.
func onList(edit func([]provider.Instance) []provider.Instance) func(provider.Provider, func(cluster.Duration)) provider.Provider {
	return func(p provider.Provider, _ func(cluster.Duration)) provider.Provider {
		return broken{Provider: p, list: func(ctx context.Context) ([]provider.Instance, error) {
			is, err := p.List(ctx)
			return edit(is), err
		}}
	}
}

// onDelete is a provider whose delete calls are made in another way.
func onDelete(del func(context.Context, provider.Provider, []string) (map[string]provider.State, error)) func(provider.Provider, func(cluster.Duration)) provider.Provider {
	return func(p provider.Provider, _ func(cluster.Duration)) provider.Provider {
		return broken{Provider: p, delete: func(ctx context.Context, ids []string) (map[string]provider.State, error) {
			return del(ctx, p, ids)
		}}
	}
}

func mutants() []mutant {
	return slices.Concat(resolveMutants(), noticeMutants(), createMutants(), tokenMutants(), instanceMutants())
}

func resolveMutants() []mutant {
	calls := 0
	return []mutant{
		{"serves nothing", []string{"Kinds"}, func(p provider.Provider, _ func(cluster.Duration)) provider.Provider {
			return broken{Provider: p, kinds: func() []provider.Kind { return nil }}
		}},
		{"is never ready", []string{"ResolveUsable"}, onResolve(func(r *provider.Resolution) { r.Conditions = nil })},
		{"has no hash", []string{"ResolveUsable", "CreateDescribes"}, onResolve(func(r *provider.Resolution) { r.Hash = "" })},
		{"status is no object", []string{"ResolveUsable"}, onResolve(func(r *provider.Resolution) { r.Status = "ready" })},
		{"types backwards", []string{"ResolveTypes"}, onResolve(func(r *provider.Resolution) { slices.Reverse(r.Types) })},
		{"offerings backwards", []string{"ResolveTypes"}, onResolve(func(r *provider.Resolution) {
			for i := range r.Types {
				slices.Reverse(r.Types[i].Offerings)
			}
		})},
		{"something is free", []string{"ResolveTypes"}, onResolve(func(r *provider.Resolution) { r.Types[1].Offerings[0].Price = 0 })},
		{"allocatable is unknown", []string{"ResolveTypes"}, onResolve(func(r *provider.Resolution) { r.Types[1].Allocatable = nil })},
		{"prices flicker", []string{"ResolveStable"}, onResolve(func(r *provider.Resolution) {
			calls++
			r.Types[0].Offerings[0].Price += cluster.Money(calls)
		})},
		{"conditions are always new", []string{"ResolveStable"}, onResolve(func(r *provider.Resolution) {
			calls++
			for i := range r.Conditions {
				r.Conditions[i].Since += cluster.Instant(calls)
			}
		})},
		{"everything is ready", []string{"ResolveUnusable"}, onResolve(func(r *provider.Resolution) {
			for i := range r.Conditions {
				r.Conditions[i] = cluster.Condition{Type: r.Conditions[i].Type, Status: "True"}
			}
		})},
		{"forgets what was sold out", []string{"ResolveKnowsSoldOut"}, onResolve(func(r *provider.Resolution) {
			for i := range r.Types {
				for k := range r.Types[i].Offerings {
					r.Types[i].Offerings[k].Available = true
				}
			}
		})},
	}
}

func noticeMutants() []mutant {
	on := func(edit func([]provider.Notice) []provider.Notice) func(provider.Provider, func(cluster.Duration)) provider.Provider {
		return func(p provider.Provider, _ func(cluster.Duration)) provider.Provider {
			return broken{Provider: p, notices: func(ctx context.Context) ([]provider.Notice, error) {
				n, err := p.Notices(ctx)
				return edit(n), err
			}}
		}
	}
	return []mutant{
		{"says nothing", []string{"Notices"}, on(func([]provider.Notice) []provider.Notice { return nil })},
		{"makes noise", []string{"Notices"}, on(func(n []provider.Notice) []provider.Notice {
			return append(n, provider.Notice{InstanceID: unknown, Kind: cluster.Interruption})
		})},
		{"does not say until when", []string{"Notices"}, on(func(n []provider.Notice) []provider.Notice {
			for i := range n {
				n[i].Ends = 0
			}
			return n
		})},
		{"says everything once", []string{"Notices"}, func(p provider.Provider, _ func(cluster.Duration)) provider.Provider {
			return broken{Provider: p, notices: func(ctx context.Context) ([]provider.Notice, error) {
				n, err := p.Notices(ctx)
				for _, x := range n {
					_ = p.Acknowledge(ctx, []string{x.Receipt}) // that is the mistake
				}
				return n, err
			}}
		}},
		{"does not listen", []string{"Notices"}, func(p provider.Provider, _ func(cluster.Duration)) provider.Provider {
			return broken{Provider: p, heed: func(context.Context, []string) error { return nil }}
		}},
	}
}

const unknown = "i-00000000000000000"

func createMutants() []mutant {
	return []mutant{
		{"tags nothing", []string{"CreateDescribes"}, onCreate(func(ctx context.Context, p provider.Provider, r provider.CreateRequest) (provider.CreateResult, error) {
			out, err := p.Create(ctx, r)
			for i := range out.Instances {
				out.Instances[i].Token, out.Instances[i].Pool = "", ""
			}
			return out, err
		})},
		{"answers unsorted", []string{"CreateDescribes"}, onCreate(func(ctx context.Context, p provider.Provider, r provider.CreateRequest) (provider.CreateResult, error) {
			out, err := p.Create(ctx, r)
			slices.Reverse(out.Instances)
			return out, err
		})},
		{"tries the last first", []string{"CreateOrderOfAlternatives"}, onCreate(func(ctx context.Context, p provider.Provider, r provider.CreateRequest) (provider.CreateResult, error) {
			r.Offerings = slices.Clone(r.Offerings)
			slices.Reverse(r.Offerings)
			return p.Create(ctx, r)
		})},
		{"does not name what was sold out", []string{"CreateNamesSoldOut", "CreatePartialSuccess"}, onCreate(func(ctx context.Context, p provider.Provider, r provider.CreateRequest) (provider.CreateResult, error) {
			out, err := p.Create(ctx, r)
			out.SoldOut = nil
			return out, err
		})},
		{"all or nothing", []string{"CreatePartialSuccess"}, onCreate(func(ctx context.Context, p provider.Provider, r provider.CreateRequest) (provider.CreateResult, error) {
			out, err := p.Create(ctx, r)
			if err == nil && len(out.Instances) < r.Count {
				return provider.CreateResult{}, &provider.InsufficientCapacityError{SoldOut: out.SoldOut}
			}
			return out, err
		})},
		{"none is fine too", []string{"CreateInsufficientCapacity"}, onCreate(func(ctx context.Context, p provider.Provider, r provider.CreateRequest) (provider.CreateResult, error) {
			out, err := p.Create(ctx, r)
			var short *provider.InsufficientCapacityError
			if errors.As(err, &short) {
				return provider.CreateResult{SoldOut: short.SoldOut}, nil
			}
			return out, err
		})},
		{"makes do with bad requests", []string{"CreateInvalidRequests"}, onCreate(func(ctx context.Context, p provider.Provider, r provider.CreateRequest) (provider.CreateResult, error) {
			r.Token = cmp.Or(r.Token, "anonymous")
			r.Count = max(r.Count, 1)
			return p.Create(ctx, r)
		})},
		{"rejects in words only", []string{"CreateInvalidRequests", "CreateUnusableClass", "TokenOtherParameters"}, onCreate(func(ctx context.Context, p provider.Provider, r provider.CreateRequest) (provider.CreateResult, error) {
			out, err := p.Create(ctx, r)
			if err != nil {
				err = errors.New(err.Error())
			}
			return out, err
		})},
		{"launches for any class", []string{"CreateUnusableClass"}, onCreate(func(ctx context.Context, p provider.Provider, r provider.CreateRequest) (provider.CreateResult, error) {
			r.Class.Spec = ""
			return p.Create(ctx, r)
		})},
		{"does not know contexts", []string{"Cancelled"}, onCreate(func(_ context.Context, p provider.Provider, r provider.CreateRequest) (provider.CreateResult, error) {
			return p.Create(context.Background(), r)
		})},
	}
}

func tokenMutants() []mutant {
	var calls atomic.Int64
	ignore := func(ctx context.Context, p provider.Provider, r provider.CreateRequest) (provider.CreateResult, error) {
		r.Token = fmt.Sprintf("%s-%d", r.Token, calls.Add(1))
		return p.Create(ctx, r)
	}
	return []mutant{
		{"ignores tokens", []string{"TokenRepeated", "TokenConcurrent", "TokenAfterDeletion", "TokenAfterClassChanged", "TokenOtherParameters", "CreatePartialSuccess"}, onCreate(ignore)},
		{"remembers tokens only when done", []string{"TokenConcurrent"}, func(p provider.Provider, _ func(cluster.Duration)) provider.Provider {
			var mu sync.Mutex
			done := map[string]provider.CreateResult{}
			var entered sync.WaitGroup // all callers look before any has finished
			entered.Add(8)
			return broken{Provider: p, create: func(ctx context.Context, r provider.CreateRequest) (provider.CreateResult, error) {
				mu.Lock()
				old, ok := done[r.Token]
				mu.Unlock()
				if ok {
					return old, nil
				}
				entered.Done()
				entered.Wait()
				out, err := ignore(ctx, p, r)
				mu.Lock()
				defer mu.Unlock()
				done[r.Token] = out
				return out, err
			}}
		}},
		{"forgets tokens with the instances", []string{"TokenAfterDeletion"}, func(p provider.Provider, _ func(cluster.Duration)) provider.Provider {
			deleted := 0
			return broken{Provider: p,
				create: func(ctx context.Context, r provider.CreateRequest) (provider.CreateResult, error) {
					r.Token = fmt.Sprintf("%s-%d", r.Token, deleted)
					return p.Create(ctx, r)
				},
				delete: func(ctx context.Context, ids []string) (map[string]provider.State, error) {
					deleted++
					return p.Delete(ctx, ids)
				},
			}
		}},
		{"resolves the class before the token", []string{"TokenAfterClassChanged"}, onCreate(func(ctx context.Context, p provider.Provider, r provider.CreateRequest) (provider.CreateResult, error) {
			res, err := p.Resolve(ctx, r.Class)
			if err != nil {
				return provider.CreateResult{}, err
			}
			for _, c := range res.Conditions {
				if c.Type == cluster.ReadyCondition && c.Status != "True" {
					return provider.CreateResult{}, &provider.RejectedError{Reason: c.Message}
				}
			}
			return p.Create(ctx, r)
		})},
		{"looks at the token alone", []string{"TokenOtherParameters"}, func(p provider.Provider, _ func(cluster.Duration)) provider.Provider {
			first := map[string]provider.CreateRequest{}
			return broken{Provider: p, create: func(ctx context.Context, r provider.CreateRequest) (provider.CreateResult, error) {
				if old, ok := first[r.Token]; ok {
					r = old
				}
				first[r.Token] = r
				return p.Create(ctx, r)
			}}
		}},
		{"one set of instances for all tokens", []string{"TokenRepeated"}, onCreate(func(ctx context.Context, p provider.Provider, r provider.CreateRequest) (provider.CreateResult, error) {
			r.Token = "same"
			return p.Create(ctx, r)
		})},
	}
}

func instanceMutants() []mutant {
	hasNothing := func(err error) bool {
		var missing *provider.NotFoundError
		return errors.As(err, &missing)
	}
	return []mutant{
		{"not found is an empty instance", []string{"GetUnknown", "DeleteEnds"}, func(p provider.Provider, _ func(cluster.Duration)) provider.Provider {
			return broken{Provider: p, get: func(ctx context.Context, id string) (provider.Instance, error) {
				i, err := p.Get(ctx, id)
				if hasNothing(err) {
					return provider.Instance{State: provider.Terminated}, nil
				}
				return i, err
			}}
		}},
		{"not found in words only", []string{"GetUnknown", "DescribeLag", "DeleteEnds"}, func(p provider.Provider, _ func(cluster.Duration)) provider.Provider {
			return broken{Provider: p, get: func(ctx context.Context, id string) (provider.Instance, error) {
				i, err := p.Get(ctx, id)
				if hasNothing(err) {
					err = errors.New(err.Error())
				}
				return i, err
			}}
		}},
		{"promises too short a lag", []string{"DescribeLag"}, func(p provider.Provider, _ func(cluster.Duration)) provider.Provider {
			return broken{Provider: p, lag: func() cluster.Duration { return 0 }}
		}},
		{"lists backwards", []string{"ListSorted"}, onList(func(is []provider.Instance) []provider.Instance {
			slices.Reverse(is)
			return is
		})},
		{"lists some twice", []string{"ListSorted"}, onList(func(is []provider.Instance) []provider.Instance {
			return append(is[:len(is):len(is)], is[max(len(is)-1, 0):]...)
		})},
		{"hides what shuts down", []string{"ListShuttingDown"}, onList(func(is []provider.Instance) []provider.Instance {
			return slices.DeleteFunc(is, func(i provider.Instance) bool { return i.State == provider.ShuttingDown })
		})},
		{"deletes the first only", []string{"DeleteBatch"}, onDelete(func(ctx context.Context, p provider.Provider, ids []string) (map[string]provider.State, error) {
			return p.Delete(ctx, ids[:min(1, len(ids))])
		})},
		{"deletes everything", []string{"DeleteBatch"}, onDelete(func(ctx context.Context, p provider.Provider, ids []string) (map[string]provider.State, error) {
			is, err := p.List(ctx)
			for _, i := range is {
				ids = append(ids, i.ID)
			}
			if err != nil {
				return nil, err
			}
			return p.Delete(ctx, ids)
		})},
		{"deletes only once", []string{"DeleteTwice"}, func(p provider.Provider, _ func(cluster.Duration)) provider.Provider {
			deleted := map[string]bool{}
			return broken{Provider: p, delete: func(ctx context.Context, ids []string) (map[string]provider.State, error) {
				for _, id := range ids {
					if deleted[id] {
						return nil, fmt.Errorf("instance %s is being deleted already", id)
					}
					deleted[id] = true
				}
				return p.Delete(ctx, ids)
			}}
		}},
		{"knows no unknown ids", []string{"DeleteUnknown", "DeleteBatch"}, onDelete(func(ctx context.Context, p provider.Provider, ids []string) (map[string]provider.State, error) {
			for _, id := range ids {
				if _, err := p.Get(ctx, id); hasNothing(err) {
					return nil, err
				}
			}
			return p.Delete(ctx, ids)
		})},
		{"says deleted, does nothing", []string{"DeleteEnds", "DeleteBatch", "ListShuttingDown"}, onDelete(func(_ context.Context, _ provider.Provider, ids []string) (map[string]provider.State, error) {
			out := map[string]provider.State{}
			for _, id := range ids {
				out[id] = provider.ShuttingDown
			}
			return out, nil
		})},
	}
}
