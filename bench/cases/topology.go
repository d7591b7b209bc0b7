package cases

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/bench/record"
	"github.com/ullage-sh/ullage/catalog"
)

// gpuMix makes four ordinary pods for each one that wants GPUs. Of those, seven
// in ten want one, the others two, four or eight, and one in four names a model.
func gpuMix(w *world, pods int) error {
	if err := w.seoul(anyPrice, general("g", "p")...); err != nil {
		return err
	}
	models := []string{"t4", "a10g", "l4"}
	ordinary, learning := map[string]string{"app": "web"}, map[string]string{"app": "training"}
	for i := range pods {
		q := w.logNormal()
		if i%5 != 0 {
			w.wait(fmt.Sprintf("web-%d", i), ordinary, q, nil)
			continue
		}
		q.gpu = []int64{1, 1, 1, 1, 1, 1, 1, 2, 4, 8}[w.r.IntN(10)]
		// What feeds a GPU: two cores and eight gibibytes, which every GPU node has.
		q.cpu, q.memory = 2000*q.gpu, 8*gibi*q.gpu
		model := ""
		// Up to four of a model: nodes with eight are not sold everywhere.
		if q.gpu <= 4 && w.r.IntN(4) == 0 {
			model = models[w.r.IntN(len(models))]
		}
		w.wait(fmt.Sprintf("training-%d", i), learning, q, func(s *corev1.PodSpec) {
			if model != "" {
				s.NodeSelector = map[string]string{catalog.LabelGPUName: model}
			}
		})
	}
	return nil
}

// deployment is a set of equal pods.
type deployment struct {
	name   string
	labels map[string]string
	size   requests
}

func (w *world) deployment(k int) deployment {
	name := fmt.Sprintf("app-%d", k)
	return deployment{name: name, labels: map[string]string{"app": name}, size: w.logNormal()}
}

// zoneSpread makes the pods of 50 Deployments. Each spreads over zones, and every
// other one over nodes too, with room for two more than the emptiest node has.
func zoneSpread(w *world, pods int) error {
	if err := w.seoul(anyPrice, general()...); err != nil {
		return err
	}
	const apps = 50
	for k := range apps {
		d := w.deployment(k)
		constraints := []corev1.TopologySpreadConstraint{{
			MaxSkew: 1, TopologyKey: corev1.LabelTopologyZone, WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: selecting(d.labels),
		}}
		if k%2 == 1 {
			constraints = append(constraints, corev1.TopologySpreadConstraint{
				MaxSkew: 2, TopologyKey: corev1.LabelHostname, WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: selecting(d.labels),
			})
		}
		for i := k; i < pods; i += apps {
			w.wait(fmt.Sprintf("%s-%d", d.name, i), d.labels, d.size, func(s *corev1.PodSpec) {
				s.TopologySpreadConstraints = slices.Clone(constraints)
			})
		}
	}
	return nil
}

// antiAffinity makes the pods of 20 Deployments. Ten run one pod per node; of
// them, every other one also keeps the pods of one plain Deployment away. The
// other ten want nothing.
func antiAffinity(w *world, pods int) error {
	if err := w.seoul(anyPrice, general()...); err != nil {
		return err
	}
	const apps = 20
	for k := range apps {
		d := w.deployment(k)
		var terms []corev1.PodAffinityTerm
		term := func(labels map[string]string) {
			terms = append(terms, corev1.PodAffinityTerm{LabelSelector: selecting(labels), TopologyKey: corev1.LabelHostname})
		}
		if k%2 == 0 {
			term(d.labels)
		}
		if k%4 == 0 {
			term(map[string]string{"app": fmt.Sprintf("app-%d", k+1)})
		}
		for i := k; i < pods; i += apps {
			w.wait(fmt.Sprintf("%s-%d", d.name, i), d.labels, d.size, func(s *corev1.PodSpec) {
				if terms != nil {
					s.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: slices.Clone(terms)}}
				}
			})
		}
	}
	return nil
}

// existing makes two nodes for each waiting pod, nearly full, so that about half
// of what waits needs new ones.
func existing(w *world, pods int) error {
	if err := w.seoul(anyPrice, general()...); err != nil {
		return err
	}
	if err := w.addNodes(2 * pods); err != nil {
		return err
	}
	labels := map[string]string{"app": "batch"}
	for i := range pods {
		w.wait(fmt.Sprintf("batch-%d", i), labels, w.logNormal(), nil)
	}
	return nil
}

// addNodes adds running nodes of published prices: m, c and r types of four to
// sixteen cores.
func (w *world) addNodes(n int) error {
	var sizes []int
	for i, t := range w.in.Types {
		general := slices.Contains([]string{"c", "m", "r"}, t.Labels[catalog.LabelCategory]) && t.Labels[catalog.LabelGeneration] >= "5"
		published := !slices.ContainsFunc(t.Offerings, func(o record.Offering) bool { return o.Imputed })
		if cpu := t.Capacity.Cpu().Value(); general && published && cpu >= 4 && cpu <= 16 {
			sizes = append(sizes, i)
		}
	}
	if len(sizes) == 0 {
		return fmt.Errorf("the catalogue has no published c, m or r type of 4 to 16 cores")
	}
	for i := range n {
		t := w.in.Types[sizes[w.r.IntN(len(sizes))]]
		o := t.Offerings[w.r.IntN(len(t.Offerings))]
		w.addNode(fmt.Sprintf("node-%04d", i), t, o)
	}
	return nil
}

func (w *world) addNode(name string, t record.Type, o record.Offering) {
	labels := map[string]string{
		corev1.LabelHostname: name, corev1.LabelInstanceTypeStable: t.Name,
		corev1.LabelTopologyZone: o.Zone, karpv1.CapacityTypeLabelKey: o.CapacityType,
	}
	for k, v := range t.Labels {
		labels[k] = v
	}
	w.in.Nodes = append(w.in.Nodes, &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: w.uid(), Labels: labels, CreationTimestamp: created},
		Spec:       corev1.NodeSpec{ProviderID: "aws:///" + o.Zone + "/" + name},
		Status: corev1.NodeStatus{
			Capacity: t.Capacity, Allocatable: t.Allocatable,
			Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, LastTransitionTime: created}},
		},
	})
	running := map[string]string{"app": "running"}
	cpu, memory := t.Allocatable.Cpu().MilliValue(), t.Allocatable.Memory().Value()
	const misses = 6 // draws that may fail to fit until the node counts as full
	for i, missed := int64(0), 0; i < t.Allocatable.Pods().Value() && missed < misses; i++ {
		q := w.logNormal()
		if q.cpu > cpu || q.memory > memory {
			missed++
			continue
		}
		cpu, memory = cpu-q.cpu, memory-q.memory
		p := w.pod(fmt.Sprintf("running-%s-%d", name, i), running, q, func(s *corev1.PodSpec) { s.NodeName = name })
		p.Status = corev1.PodStatus{Phase: corev1.PodRunning}
		w.in.Running = append(w.in.Running, p)
	}
}
