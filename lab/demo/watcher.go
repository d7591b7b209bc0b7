package demo

import (
	"context"
	"sync"
	"time"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/internal/wall"
	"github.com/ullage-sh/ullage/runner"
	"github.com/ullage-sh/ullage/view"
)

// watcher keeps what the operator's last step left, for whoever looks.
type watcher struct {
	mu       sync.Mutex
	timeline *view.Timeline
	input    cluster.Input
	status   engine.Status
	steps    int // seen so far; 0 means that there is nothing to show
	// content is when a pass last found nothing to give back, now or soon; 0 since one did.
	content cluster.Instant
}

func newWatcher() *watcher { return &watcher{timeline: view.NewTimeline(wall.Now(), 200)} }

// observe runs in the operator's loop: it takes pointers and leaves the work to
// others.
func (w *watcher) observe(s runner.Step) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timeline.Observe(s.At, s.Effects)
	w.input, w.status = s.Engine.Input(), s.Engine.Status()
	w.steps++
	for _, f := range s.Effects {
		if pass, ok := f.(engine.Repacked); ok {
			w.content = 0
			if r := pass.Repacking; len(r.Actions) == 0 && (r.Later == 0 || r.Later > soon) {
				w.content = s.At
			}
		}
	}
}

// soon is how far off, as the cloud counts time, a move that is not worth its while yet may
// be for people to wait for it.
const soon = 10 * cluster.Minute

// contentSince tells whether a pass after t found nothing to give back.
func (w *watcher) contentSince(t cluster.Instant) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.content > t
}

// say adds a line of the demo's own to the story.
func (w *watcher) say(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timeline.Say(wall.Now(), text)
}

// frame is what there is to see now.
func (w *watcher) frame() (view.Frame, bool) {
	w.mu.Lock()
	in, status, story, steps := w.input, w.status, w.timeline.Story(), w.steps
	w.mu.Unlock()
	return view.NewFrame(wall.Now(), in, status, story), steps > 0
}

// score holds what runs against the least that it could cost.
func (w *watcher) score() view.Score {
	w.mu.Lock()
	in := w.input
	w.mu.Unlock()
	return view.NewScore(in)
}

// framesEvery is how often the picture changes.
const framesEvery = 200 * time.Millisecond

// frames sends a frame now and then, and a last one when ctx ends; one that nobody
// has taken yet is replaced. Then it closes out.
func (w *watcher) frames(ctx context.Context, out chan view.Frame) {
	defer close(out)
	tick := time.NewTicker(framesEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
		f, ok := w.frame()
		if !ok {
			continue
		}
		select {
		case <-out:
		default:
		}
		out <- f
	}
}
