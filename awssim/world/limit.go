package world

import "github.com/ullage-sh/ullage/cluster"

// limit is EC2's on how many instances an account launches, whoever asks for them: a
// bucket that holds burst and gets perSecond a second.
type limit struct {
	burst, perSecond float64
	left             float64 // at that instant
	at               cluster.Instant
}

// LimitLaunches bounds launches from now on.
func (w *World) LimitLaunches(burst, perSecond float64) {
	w.limit = &limit{burst, perSecond, burst, w.now}
}

// MayLaunch is how many of the instances that are wanted may be launched now. Whoever
// launches asks first: [World.Launch] takes from the bucket and refuses nothing.
func (w *World) MayLaunch(want int) int {
	l := w.limit
	if l == nil {
		return want
	}
	if w.now > l.at {
		l.left = min(l.burst, l.left+l.perSecond*float64(w.now.Sub(l.at))/float64(cluster.Second))
		l.at = w.now
	}
	return min(want, max(int(l.left), 0))
}

// launched takes what was launched from the bucket.
func (w *World) launched(n int) {
	if w.limit != nil {
		w.limit.left -= float64(n)
	}
}
