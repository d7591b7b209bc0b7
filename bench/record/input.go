package record

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
)

// Input is what every side gets. Nobody may change it.
type Input struct {
	Case string `json:"case"`
	Seed uint64 `json:"seed"`
	// Preferences says what a side is to do with wishes: preferred affinity and
	// spread that may be broken.
	Preferences Preferences `json:"preferences"`
	// NodePool is what may be bought from; waiting pods are for this one only.
	NodePool *karpv1.NodePool `json:"nodePool"`
	// MorePools are others, of clusters whose nodes are rearranged.
	MorePools []*karpv1.NodePool `json:"moreNodePools,omitempty"`
	// Types that the pool may buy if its requirements allow them.
	Types []Type `json:"instanceTypes"`
	// Nodes that run already, and the pods on them.
	Nodes   []*corev1.Node `json:"nodes"`
	Running []*corev1.Pod  `json:"runningPods"`
	// Pods wait for a place.
	Pods []*corev1.Pod `json:"pods"`
}

// Preferences is what is to be done with wishes.
type Preferences string

// The two policies that Karpenter has.
const (
	Respect Preferences = "Respect"
	Ignore  Preferences = "Ignore"
)

// Type is an instance type. All its offerings are available.
type Type struct {
	Name string `json:"name"`
	// Labels of its nodes, without name, zone and capacity type.
	Labels map[string]string `json:"labels"`
	// Capacity of the machine and the part of it that pods may use.
	Capacity    corev1.ResourceList `json:"capacity"`
	Allocatable corev1.ResourceList `json:"allocatable"`
	Offerings   []Offering          `json:"offerings"`
}

// Offering is one way to buy a type.
type Offering struct {
	Zone         string `json:"zone"`
	CapacityType string `json:"capacityType"`
	Price        USD    `json:"price"`
	// Imputed: the price was not published but estimated from the family.
	Imputed bool `json:"imputed,omitempty"`
}

// Write writes the input to a file. Pods are written one by one: a million of
// them have a gigabyte of JSON, which should not be in memory at once.
func (in *Input) Write(path string) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("writing the input of %s: %w", in.Case, err)
	}
	defer func() {
		if closed := f.Close(); err == nil {
			err = closed
		}
	}()
	head := *in
	head.Pods = nil
	body, err := json.Marshal(&head)
	if err != nil {
		return fmt.Errorf("writing the input of %s: %w", in.Case, err)
	}
	// The list of pods is the last field: "null" is replaced by the pods.
	const tail = "null}"
	w := bufio.NewWriterSize(f, 1<<20)
	_, _ = w.Write(body[:len(body)-len(tail)]) // a bufio.Writer keeps its error for Flush
	_ = w.WriteByte('[')
	for i, p := range in.Pods {
		if i > 0 {
			_, _ = w.WriteString(",\n")
		}
		pod, err := json.Marshal(p)
		if err != nil {
			return fmt.Errorf("writing pod %s: %w", PodID(p), err)
		}
		_, _ = w.Write(pod)
	}
	_, _ = w.WriteString("]}\n")
	return w.Flush()
}

// ReadInput reads what [Input.Write] wrote.
func ReadInput(path string) (*Input, error) {
	in := &Input{}
	return in, read(path, in)
}

func read(path string, into any) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read from
	d := json.NewDecoder(bufio.NewReader(f))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// PodID is "namespace/name".
func PodID(p *corev1.Pod) string { return p.Namespace + "/" + p.Name }

// SameResources tells whether two lists have the same amounts of everything;
// what is absent counts as zero.
func SameResources(a, b corev1.ResourceList) bool {
	for _, lists := range [2][2]corev1.ResourceList{{a, b}, {b, a}} {
		for name, x := range lists[0] {
			if y := lists[1][name]; x.Cmp(y) != 0 {
				return false
			}
		}
	}
	return true
}
