package script

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/internal/window"
	"github.com/ullage-sh/ullage/sim/workload"
)

// poolFile is a NodePool as it is written here.
type poolFile struct {
	Name          string            `json:"name"`
	Weight        int32             `json:"weight,omitempty"`
	CapacityTypes []string          `json:"capacityTypes,omitempty"` // spot, on-demand; both if empty
	Arch          []string          `json:"arch,omitempty"`          // amd64 if empty
	Families      []string          `json:"families,omitempty"`
	Zones         []string          `json:"zones,omitempty"`
	MaxNodeCPU    int               `json:"maxNodeCPU,omitempty"` // cores
	Labels        map[string]string `json:"labels,omitempty"`
	Taints        []taintFile       `json:"taints,omitempty"`
	Limits        map[string]any    `json:"limits,omitempty"` // cpu, memory, nodes
	// Replicas is how many nodes it has whatever pods there are, and changes how that
	// changes; one without is bought from for pods.
	Replicas *int64       `json:"replicas,omitempty"`
	Changes  []resizeFile `json:"changes,omitempty"`
	// As in a NodePool.
	ConsolidationPolicy    string       `json:"consolidationPolicy,omitempty"`
	ConsolidateAfter       *span        `json:"consolidateAfter,omitempty"`
	ExpireAfter            *span        `json:"expireAfter,omitempty"`
	TerminationGracePeriod *span        `json:"terminationGracePeriod,omitempty"`
	Budgets                []budgetFile `json:"budgets,omitempty"`
}

type taintFile struct {
	Key    string              `json:"key"`
	Value  string              `json:"value,omitempty"`
	Effect cluster.TaintEffect `json:"effect"`
}

// resizeFile is a change of a fixed number of nodes.
type resizeFile struct {
	At       span  `json:"at"`
	Replicas int64 `json:"replicas"`
}

// budgetFile is a disruption budget.
type budgetFile struct {
	Nodes    any              `json:"nodes"` // 5 or "10%"
	Reasons  []cluster.Reason `json:"reasons,omitempty"`
	Schedule string           `json:"schedule,omitempty"`
	Duration span             `json:"duration,omitempty"`
	TimeZone string           `json:"timeZone,omitempty"`
}

func (f *poolFile) pool(ref cluster.ClassRef) (*cluster.Pool, error) {
	if f.Name == "" {
		return nil, fmt.Errorf("name is missing")
	}
	p := &cluster.Pool{
		Name: f.Name, Class: ref, Weight: f.Weight, Labels: f.Labels, Policy: cluster.WhenEmptyOrUnderutilized,
		ConsolidateAfter: or(f.ConsolidateAfter, 30*cluster.Second), ExpireAfter: or(f.ExpireAfter, cluster.Forever),
		TerminationGracePeriod: or(f.TerminationGracePeriod, cluster.Forever), Replicas: f.Replicas,
	}
	if err := f.number(); err != nil {
		return nil, err
	}
	switch policy := cluster.ConsolidationPolicy(f.ConsolidationPolicy); policy {
	case "":
	case cluster.WhenEmpty, cluster.WhenEmptyOrUnderutilized, cluster.Balanced:
		p.Policy = policy
	default:
		return nil, fmt.Errorf("consolidationPolicy: %q is none of %s, %s, %s", policy, cluster.WhenEmpty, cluster.WhenEmptyOrUnderutilized, cluster.Balanced)
	}
	if len(f.Arch) == 0 {
		f.Arch = []string{"amd64"}
	}
	for _, x := range []struct {
		key    string
		values []string
	}{{cluster.LabelArch, f.Arch}, {cluster.LabelCapacityType, f.CapacityTypes}, {catalog.LabelFamily, f.Families}, {cluster.LabelZone, f.Zones}} {
		if len(x.values) > 0 {
			p.Requirements = append(p.Requirements, cluster.Requirement{Key: x.key, Operator: cluster.In, Values: x.values})
		}
	}
	if f.MaxNodeCPU > 0 {
		p.Requirements = append(p.Requirements, cluster.Requirement{Key: catalog.LabelCPU, Operator: cluster.Lt, Values: []string{strconv.Itoa(f.MaxNodeCPU + 1)}})
	}
	for _, t := range f.Taints {
		p.Taints = append(p.Taints, cluster.Taint{Key: t.Key, Value: t.Value, Effect: t.Effect})
	}
	return p, f.bounds(p)
}

// number checks what is said of a fixed number of nodes.
func (f *poolFile) number() error {
	if f.Replicas == nil && len(f.Changes) > 0 {
		return errors.New("changes: only a pool with replicas has them")
	}
	if f.Replicas != nil && *f.Replicas < 0 {
		return fmt.Errorf("replicas: %d is less than none", *f.Replicas)
	}
	for i, c := range f.Changes {
		if c.Replicas < 0 {
			return fmt.Errorf("changes[%d].replicas: %d is less than none", i, c.Replicas)
		}
	}
	return nil
}

// bounds fills in limits and budgets.
func (f *poolFile) bounds(p *cluster.Pool) error {
	limits := map[string]int64{}
	for name, text := range f.Limits {
		v, err := workload.ParseQuantity(fmt.Sprint(text))
		if err != nil {
			return fmt.Errorf("limits.%s: %w", name, err)
		}
		if name != cluster.CPU { // which is in thousandths itself
			v /= 1000
		}
		limits[name] = v
	}
	if len(limits) > 0 {
		p.Limits = cluster.NewResources(limits)
	}
	for i := range f.Budgets {
		b, err := f.Budgets[i].budget()
		if err != nil {
			return fmt.Errorf("budgets[%d]: %w", i, err)
		}
		p.Budgets = append(p.Budgets, b)
	}
	if len(f.Budgets) == 0 {
		p.Budgets = []cluster.Budget{{Nodes: 10, Percent: true}}
	}
	return nil
}

func (f *budgetFile) budget() (cluster.Budget, error) {
	n, percent, err := share("nodes", f.Nodes)
	if err != nil {
		return cluster.Budget{}, err
	}
	b := cluster.Budget{Nodes: n, Percent: percent, Reasons: f.Reasons}
	if f.Schedule != "" {
		b.Window, err = window.New(f.Schedule, cluster.Duration(f.Duration), f.TimeZone)
	}
	return b, err
}

// share reads 5 or "10%".
func share(field string, v any) (n int, percent bool, err error) {
	text := fmt.Sprint(v)
	digits, percent := strings.CutSuffix(text, "%")
	n, err = strconv.Atoi(digits)
	if err != nil || n < 0 || percent && n > 100 {
		return 0, false, fmt.Errorf("%s: %q is neither a number nor a percentage", field, text)
	}
	return n, percent, nil
}

func or(s *span, missing cluster.Duration) cluster.Duration {
	if s == nil {
		return missing
	}
	return cluster.Duration(*s)
}
