package control

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/ullage-sh/ullage/awssim"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// prefix of the paths that are not AWS's.
const prefix = "/_ullage/"

// The requests, each with what it is asked with and what it answers.
type (
	// Release publishes images. Without a name it is called after the day, or after the
	// first day from then on that has no release yet.
	Release struct {
		Name string `json:"name"`
	}
	// Drain leaves a pool room for so many instances, those it has included; below 0 for
	// no bound. Pools is the answer: how many pools that is.
	Drain struct {
		Pattern string `json:"pattern"`
		Left    int    `json:"left"`
		Pools   int    `json:"pools"`
	}
	// Reclaim takes Spot instances back: with a rebalance recommendation now, and the
	// interruption warning after Lead. Instances is the answer: who is concerned.
	Reclaim struct {
		Pattern   string        `json:"pattern"`
		Lead      time.Duration `json:"lead"`
		Instances []string      `json:"instances"`
	}
	// Retire schedules the end of the machines of instances.
	Retire struct {
		Instances []string      `json:"instances"`
		In        time.Duration `json:"in"`
	}
)

// Handler answers the requests of this package to who has the token, and leaves all
// others to the server.
func Handler(s *awssim.Server, token string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+prefix+"state", func(w http.ResponseWriter, r *http.Request) {
		lines, err := strconv.Atoi(r.URL.Query().Get("log"))
		if err != nil || lines < 0 {
			lines = 0
		}
		answer(w, look(s, lines), nil)
	})
	mux.Handle("POST "+prefix+"release-ami", handle(s, release))
	mux.Handle("POST "+prefix+"drain-capacity", handle(s, drain))
	mux.Handle("POST "+prefix+"reclaim", handle(s, reclaim))
	mux.Handle("POST "+prefix+"retire", handle(s, retire))
	all := http.NewServeMux()
	all.Handle("/", s)
	all.HandleFunc(prefix, func(w http.ResponseWriter, r *http.Request) {
		if given := r.Header.Get("Authorization"); subtle.ConstantTimeCompare([]byte(given), []byte("Bearer "+token)) != 1 {
			http.Error(w, "the token is missing or another one", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
	return all
}

// handle serves a request that changes the world: it comes as a T, and goes back as one.
func handle[T any](s *awssim.Server, do func(*world.World, *T) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var t T
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&t); err != nil {
			http.Error(w, "the body is not the JSON of this request: "+err.Error(), http.StatusBadRequest)
			return
		}
		var err error
		s.Do(func(world *world.World) { err = do(world, &t) })
		answer(w, t, err)
	})
}

func answer(w http.ResponseWriter, value any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) // who is gone needs no answer
}

func release(w *world.World, r *Release) error {
	if r.Name != "" {
		return w.ReleaseImages(r.Name)
	}
	// A year of days: there is at most one release for each of them before that.
	for day := range 366 {
		r.Name = world.Time(w.Now().Add(cluster.Duration(day) * 24 * cluster.Hour)).Format("v20060102")
		if err := w.ReleaseImages(r.Name); err == nil {
			return nil
		}
	}
	return errors.New("release images: every day of the year from now on has its release: give it a name")
}

func drain(w *world.World, d *Drain) error {
	p, err := simulated.ParsePattern(d.Pattern)
	if err != nil {
		return err
	}
	if d.Left < 0 {
		d.Left = simulated.Unlimited
	}
	if d.Pools, err = w.Cloud().SetCapacity(w.Now(), p, d.Left); d.Pools == 0 {
		return fmt.Errorf("drain-capacity: %w", noPool(w, p))
	}
	return err
}

func reclaim(w *world.World, r *Reclaim) error {
	p, err := simulated.ParsePattern(r.Pattern)
	if err != nil {
		return err
	}
	if r.Lead < 0 {
		return fmt.Errorf("reclaim: the warning cannot come %v ago", -r.Lead)
	}
	if len(w.Reclaimable(p)) == 0 {
		return noSpot(w, p)
	}
	r.Instances = w.Reclaim(p, cluster.Duration(r.Lead))
	return nil
}

func retire(w *world.World, r *Retire) error {
	if len(r.Instances) == 0 || r.In < 0 {
		return fmt.Errorf("retire: want instances and a time to come, not %d and %v", len(r.Instances), r.In)
	}
	for _, id := range r.Instances { // all of them, or none
		if i := w.Instance(id); i == nil || i.Stopping != 0 || i.Elsewhere {
			return noInstance(w, id)
		}
	}
	for _, id := range r.Instances {
		if err := w.Retire(id, w.Now().Add(cluster.Duration(r.In))); err != nil {
			return err
		}
	}
	return nil
}
