package script

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim/workload"
)

// requestsFile is what a pod asks for.
type requestsFile struct {
	CPU    any `json:"cpu,omitempty"`
	Memory any `json:"memory,omitempty"`
	GPU    int `json:"gpu,omitempty"`
}

// workloadFile is a workload as it is written here.
type workloadFile struct {
	Namespace    string            `json:"namespace,omitempty"`
	Name         string            `json:"name"`
	Kind         workload.Kind     `json:"kind,omitempty"` // Deployment if empty
	Replicas     int               `json:"replicas,omitempty"`
	Requests     requestsFile      `json:"requests"`
	NodeSelector map[string]string `json:"nodeSelector,omitempty"`
	Tolerations  []struct {
		Key      string              `json:"key,omitempty"`
		Operator string              `json:"operator,omitempty"`
		Value    string              `json:"value,omitempty"`
		Effect   cluster.TaintEffect `json:"effect,omitempty"`
	} `json:"tolerations,omitempty"`
	// Spread over zones or hosts with a skew of one, softly if preferred; apart: never two
	// in one.
	Spread string `json:"spread,omitempty"`
	Soft   bool   `json:"soft,omitempty"`
	Apart  string `json:"apart,omitempty"`

	// Volume is the size of a disk that each pod of a StatefulSet has: 8Gi.
	Volume any `json:"volume,omitempty"`
	// Gang is how many of its pods have to have a node before any gets one; coscheduling makes
	// their group one of the plugin of that name.
	Gang         int  `json:"gang,omitempty"`
	Coscheduling bool `json:"coscheduling,omitempty"`

	Priority int32 `json:"priority,omitempty"`
	// PreemptionPolicy is Never for pods that make no others go, as those without a priority do
	// not.
	PreemptionPolicy string `json:"preemptionPolicy,omitempty"`
	DeletionCost     int32  `json:"deletionCost,omitempty"`
	DoNotDisrupt     bool   `json:"doNotDisrupt,omitempty"`
	Grace            *span  `json:"grace,omitempty"`  // 30s
	Ends             *span  `json:"ends,omitempty"`   // how long it takes to end; 2s
	Starts           *span  `json:"starts,omitempty"` // until it runs; 10s
	Deaf             bool   `json:"deaf,omitempty"`   // it takes all of its grace

	MinAvailable   any `json:"minAvailable,omitempty"`
	MaxUnavailable any `json:"maxUnavailable,omitempty"`

	Changes []struct {
		At       span `json:"at"`
		Replicas *int `json:"replicas,omitempty"`
		Rollout  bool `json:"rollout,omitempty"`
	} `json:"changes,omitempty"`
	// Daily follows the day: low at night, replicas at the peak.
	Daily *struct {
		Low  int  `json:"low"`
		Peak span `json:"peak,omitempty"` // time of day in UTC; 14h if missing
		Step span `json:"step,omitempty"` // how often it is scaled; 15m
	} `json:"daily,omitempty"`
	Batches []struct {
		At          span `json:"at"`
		Every       span `json:"every,omitempty"` // again and again
		Pods        int  `json:"pods"`
		Parallelism int  `json:"parallelism,omitempty"`
		Runs        span `json:"runs"`
	} `json:"batches,omitempty"`
}

func (f *workloadFile) workload(demands *cluster.Demands, length cluster.Duration) (*workload.Workload, error) {
	if f.Namespace == "" {
		f.Namespace = "default"
	}
	if f.Kind == "" {
		f.Kind = workload.Deployment
	}
	w := &workload.Workload{Namespace: f.Namespace, Name: f.Name, Kind: f.Kind, Replicas: f.Replicas}
	switch f.Kind {
	case workload.Deployment, workload.StatefulSet, workload.DaemonSet:
		if len(f.Batches) > 0 {
			return nil, fmt.Errorf("a %s has no batches: a Job has", f.Kind)
		}
	case workload.Job:
		if f.Replicas > 0 || f.Daily != nil || len(f.Changes) > 0 {
			return nil, errors.New("a Job has batches, not replicas")
		}
	default:
		return nil, fmt.Errorf("kind: %q is none of Deployment, StatefulSet, Job, DaemonSet", f.Kind)
	}
	if f.Name == "" {
		return nil, errors.New("name is missing")
	}
	if f.Daily != nil && f.Daily.Step != 0 && cluster.Duration(f.Daily.Step) < cluster.Second {
		return nil, errors.New("daily.step is less than a second")
	}
	for i, b := range f.Batches {
		if b.Every != 0 && cluster.Duration(b.Every) < cluster.Second {
			return nil, fmt.Errorf("batches[%d]: every is less than a second", i)
		}
	}
	d, err := f.demand()
	if err != nil {
		return nil, err
	}
	switch f.PreemptionPolicy {
	case "", "Never", "PreemptLowerPriority":
	default:
		return nil, fmt.Errorf("preemptionPolicy: %q is neither Never nor PreemptLowerPriority", f.PreemptionPolicy)
	}
	if f.Gang < 0 || f.Gang > 0 && f.Kind != workload.Deployment {
		return nil, errors.New("gang: only the pods of a Deployment can be one")
	}
	w.Gang, w.Coscheduling = f.Gang, f.Coscheduling
	if f.Volume != nil {
		size, err := workload.ParseQuantity(fmt.Sprint(f.Volume))
		if err != nil || f.Kind != workload.StatefulSet {
			return nil, fmt.Errorf("volume: %v is no size of a disk of a StatefulSet's pods, such as 8Gi", f.Volume)
		}
		w.Volume = (size + 999) / 1000
	}
	grace := or(f.Grace, 30*cluster.Second)
	w.Pod = workload.Pod{
		Demand: demands.Intern(d), Labels: cluster.Labels{workload.App: f.Name}, Grace: grace, Ends: min(or(f.Ends, 2*cluster.Second), grace), Deaf: f.Deaf,
		Starts: or(f.Starts, 10*cluster.Second), Protected: f.DoNotDisrupt, Priority: f.Priority, DeletionCost: f.DeletionCost,
		Preempts: f.Priority > 0 && f.PreemptionPolicy != "Never",
	}
	if err := f.budget(w); err != nil {
		return nil, err
	}
	f.over(w, length)
	return w, nil
}

// resources are the requests of one pod.
func (f *requestsFile) resources() (cluster.Resources, error) {
	asks := map[string]int64{cluster.Pods: 1, "nvidia.com/gpu": int64(f.GPU)}
	for _, x := range []struct {
		name string
		text any
	}{{cluster.CPU, f.CPU}, {cluster.Memory, f.Memory}} {
		if x.text == nil {
			continue
		}
		v, err := workload.ParseQuantity(fmt.Sprint(x.text))
		if err != nil {
			return nil, fmt.Errorf("requests.%s: %w", x.name, err)
		}
		if x.name != cluster.CPU {
			v = (v + 999) / 1000
		}
		asks[x.name] = v
	}
	return cluster.NewResources(asks), nil
}

func (f *workloadFile) demand() (cluster.Demand, error) {
	var d cluster.Demand
	var err error
	if d.Requests, err = f.Requests.resources(); err != nil {
		return d, err
	}
	for k, v := range f.NodeSelector {
		d.Selector = append(d.Selector, cluster.Requirement{Key: k, Operator: cluster.In, Values: []string{v}})
	}
	slices.SortFunc(d.Selector, func(a, b cluster.Requirement) int {
		if a.Key < b.Key {
			return -1
		}
		return 1
	})
	for _, t := range f.Tolerations {
		op := cluster.Equal
		if t.Operator == "Exists" {
			op = cluster.Exists
		}
		d.Tolerations = append(d.Tolerations, cluster.Toleration{Key: t.Key, Operator: op, Value: t.Value, Effect: t.Effect})
	}
	own := workload.Own(f.Namespace, f.Name)
	if key, err := over("spread", f.Spread); err != nil {
		return d, err
	} else if key != "" {
		d.Spreads = []cluster.TopologySpread{{Key: key, MaxSkew: 1, Pods: own, Soft: f.Soft, HonorAffinity: true}}
	}
	if key, err := over("apart", f.Apart); err != nil {
		return d, err
	} else if key != "" && f.Soft {
		d.Preferences = []cluster.Preference{{Weight: 100, Near: &cluster.PodAffinityTerm{Key: key, Pods: own}, Apart: true}}
	} else if key != "" {
		d.PodAntiAffinity = []cluster.PodAffinityTerm{{Key: key, Pods: own}}
	}
	return d, nil
}

func over(field, text string) (string, error) {
	switch text {
	case "":
		return "", nil
	case "zone":
		return cluster.LabelZone, nil
	case "hostname":
		return cluster.LabelHostname, nil
	}
	return "", fmt.Errorf("%s: %q is neither zone nor hostname", field, text)
}

func (f *workloadFile) budget(w *workload.Workload) error {
	for _, x := range []struct {
		name string
		text any
		set  func(*workload.Budget, *workload.Share)
	}{
		{"minAvailable", f.MinAvailable, func(b *workload.Budget, s *workload.Share) { b.MinAvailable = s }},
		{"maxUnavailable", f.MaxUnavailable, func(b *workload.Budget, s *workload.Share) { b.MaxUnavailable = s }},
	} {
		if x.text == nil {
			continue
		}
		if w.Budget != nil {
			return errors.New("minAvailable and maxUnavailable exclude each other")
		}
		n, percent, err := share(x.name, x.text)
		if err != nil {
			return err
		}
		w.Budget = &workload.Budget{}
		x.set(w.Budget, &workload.Share{Value: n, Percent: percent})
	}
	return nil
}

// over fills in what changes as time goes by.
func (f *workloadFile) over(w *workload.Workload, length cluster.Duration) {
	now := f.Replicas
	if f.Daily != nil {
		now = f.at(0)
		w.Replicas = now
		step := cluster.Duration(f.Daily.Step)
		if step == 0 {
			step = 15 * cluster.Minute
		}
		for t := step; t < length; t += step {
			if n := f.at(t); n != now {
				w.Changes = append(w.Changes, workload.Change{At: t, Replicas: n})
				now = n
			}
		}
	}
	for _, c := range f.Changes {
		if c.Replicas != nil {
			now = *c.Replicas
		}
		w.Changes = append(w.Changes, workload.Change{At: cluster.Duration(c.At), Replicas: now, Rollout: c.Rollout})
	}
	slices.SortStableFunc(w.Changes, func(a, b workload.Change) int { return int((a.At - b.At) / cluster.Millisecond) })
	for _, b := range f.Batches {
		x := workload.Batch{At: cluster.Duration(b.At), Pods: b.Pods, Parallelism: b.Parallelism, Runs: cluster.Duration(b.Runs)}
		w.Batches = append(w.Batches, x)
		for b.Every > 0 && x.At+cluster.Duration(b.Every) < length {
			x.At += cluster.Duration(b.Every)
			w.Batches = append(w.Batches, x)
		}
	}
}

// at is how many replicas a workload that follows the day has at a time.
func (f *workloadFile) at(t cluster.Duration) int {
	peak := cluster.Duration(f.Daily.Peak)
	if peak == 0 {
		peak = 14 * cluster.Hour
	}
	hour := float64(t-peak) / float64(cluster.Hour)
	level := (1 + math.Cos(2*math.Pi*hour/24)) / 2
	return f.Daily.Low + int(math.Round(level*float64(f.Replicas-f.Daily.Low)))
}
