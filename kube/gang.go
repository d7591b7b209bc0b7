package kube

import (
	"math"

	corev1 "k8s.io/api/core/v1"
	schedulingv1alpha2 "k8s.io/api/scheduling/v1alpha2"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// podGroupLabel joins a pod to a PodGroup of the coscheduling plugin.
const podGroupLabel = cluster.Coscheduling + "/pod-group"

// CoschedulingPodGroup is the kind of the coscheduling plugin's groups. Its Go types live
// beside the plugin itself; of their fields one is read.
var CoschedulingPodGroup = schema.GroupVersionKind{Group: cluster.Coscheduling, Version: "v1alpha1", Kind: "PodGroup"}

// gangOf names the group that a pod runs with, "" for none. What its spec says comes
// before its label: every scheduler heeds the spec.
func gangOf(p *corev1.Pod) string {
	if g := p.Spec.SchedulingGroup; g != nil && g.PodGroupName != nil {
		return cluster.GangID(cluster.PodGroups, p.Namespace, *g.PodGroupName)
	}
	if name := p.Labels[podGroupLabel]; name != "" {
		return cluster.GangID(cluster.Coscheduling, p.Namespace, name)
	}
	return ""
}

// PodGroup converts a PodGroup of Kubernetes. The pods of one whose policy is not Gang
// come one by one.
func PodGroup(g *schedulingv1alpha2.PodGroup) *cluster.Gang {
	out := &cluster.Gang{Group: cluster.PodGroups, Namespace: g.Namespace, Name: g.Name, Revision: g.ResourceVersion}
	if policy := g.Spec.SchedulingPolicy.Gang; policy != nil {
		out.Least = int(policy.MinCount)
	}
	return out
}

// PodGroupOfPlugin converts a PodGroup of the coscheduling plugin. Without minMember, or
// with one that makes no sense, its pods come one by one.
func PodGroupOfPlugin(u *unstructured.Unstructured) *cluster.Gang {
	out := &cluster.Gang{Group: cluster.Coscheduling, Namespace: u.GetNamespace(), Name: u.GetName(), Revision: u.GetResourceVersion()}
	if n, ok, err := unstructured.NestedInt64(u.Object, "spec", "minMember"); ok && err == nil {
		out.Least = int(min(max(n, 0), math.MaxInt32))
	}
	return out
}

// gangs is how PodGroups are watched, of the API groups that the cluster serves.
func (c *Cluster) gangs() ([]watched, error) {
	var out []watched
	native, err := c.serves(schedulingv1alpha2.SchemeGroupVersion.WithKind("PodGroup"))
	if err != nil {
		return nil, err
	}
	if native {
		out = append(out, watched{&schedulingv1alpha2.PodGroup{}, &schedulingv1alpha2.PodGroupList{}, func(o client.Object, gone bool) engine.Event {
			ev := engine.GangChanged{ID: cluster.GangID(cluster.PodGroups, o.GetNamespace(), o.GetName())}
			if !gone {
				ev.Gang = PodGroup(o.(*schedulingv1alpha2.PodGroup))
			}
			return ev
		}})
	}
	plugin, err := c.serves(CoschedulingPodGroup)
	if err != nil {
		return nil, err
	}
	if plugin {
		kind, list := untyped(CoschedulingPodGroup)
		out = append(out, watched{kind, list, func(o client.Object, gone bool) engine.Event {
			ev := engine.GangChanged{ID: cluster.GangID(cluster.Coscheduling, o.GetNamespace(), o.GetName())}
			if !gone {
				ev.Gang = PodGroupOfPlugin(o.(*unstructured.Unstructured))
			}
			return ev
		}})
	}
	return out, nil
}
