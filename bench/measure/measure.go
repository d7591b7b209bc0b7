// Package measure owns the stopwatch: how long a pass takes, how much it
// allocates, and how large the heap gets meanwhile.
//
// It refuses to know what is measured, and to compare.
package measure

import (
	"cmp"
	"runtime"
	"runtime/metrics"
	"slices"
	"time"
)

// Run is one measured pass.
type Run struct {
	// Whole is from the pods to the plan; Core is the part of it that the caller
	// timed itself.
	Whole, Core time.Duration
	// CPU is what the process used of all cores meanwhile, garbage collection
	// included. Far below Whole, it shows that something else had the machine.
	CPU    time.Duration
	Allocs uint64 // objects allocated
	Bytes  uint64 // and their size
	// Peak is how much the heap grew at most, garbage included. It is looked at
	// every now and then, so a short pass shows what is left at its end.
	Peak uint64
}

// every is how often the heap is looked at.
const every = 20 * time.Millisecond

// Pass measures one pass. Garbage of earlier ones is collected first.
func Pass(pass func() (core time.Duration, err error)) (Run, error) {
	runtime.GC()
	runtime.GC() // the first may have ended one that was under way
	var before, after runtime.MemStats
	watch := watchHeap()
	runtime.ReadMemStats(&before)
	used, start := cpu(), time.Now()
	core, err := pass()
	whole := time.Since(start)
	used = cpu() - used
	runtime.ReadMemStats(&after)
	return Run{
		Whole: whole, Core: core, CPU: used, Peak: watch.stop(),
		Allocs: after.Mallocs - before.Mallocs, Bytes: after.TotalAlloc - before.TotalAlloc,
	}, err
}

// Live is how many bytes of the heap are in use, all garbage collected.
func Live() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// heapWatch looks at the heap until it is stopped.
type heapWatch struct {
	sample []metrics.Sample
	base   uint64
	most   uint64
	quit   chan struct{}
	done   chan struct{}
}

func watchHeap() *heapWatch {
	w := &heapWatch{sample: []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}, quit: make(chan struct{}), done: make(chan struct{})}
	w.look()
	w.base = w.most
	go func() {
		defer close(w.done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				w.look()
			case <-w.quit:
				w.look()
				return
			}
		}
	}()
	return w
}

func (w *heapWatch) look() {
	metrics.Read(w.sample)
	w.most = max(w.most, w.sample[0].Value.Uint64())
}

func (w *heapWatch) stop() uint64 {
	close(w.quit)
	<-w.done
	return w.most - w.base
}

// Median is the run whose every figure is the median of that figure; of an even
// number of runs the lower one. The zero Run for none.
func Median(runs []Run) Run {
	return Run{
		Whole:  median(runs, func(r Run) time.Duration { return r.Whole }),
		Core:   median(runs, func(r Run) time.Duration { return r.Core }),
		CPU:    median(runs, func(r Run) time.Duration { return r.CPU }),
		Allocs: median(runs, func(r Run) uint64 { return r.Allocs }),
		Bytes:  median(runs, func(r Run) uint64 { return r.Bytes }),
		Peak:   median(runs, func(r Run) uint64 { return r.Peak }),
	}
}

func median[T cmp.Ordered](runs []Run, figure func(Run) T) T {
	var all []T
	for _, r := range runs {
		all = append(all, figure(r))
	}
	if len(all) == 0 {
		var zero T
		return zero
	}
	slices.Sort(all)
	return all[(len(all)-1)/2]
}
