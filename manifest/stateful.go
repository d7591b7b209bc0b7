package manifest

import (
	"maps"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// statefulSet adds the pods of a StatefulSet that are not there, with the claims
// that their volumes need. A claim that is in the input is used as it is: it may be
// bound to a volume in some zone.
func (e *expansion) statefulSet(s *appsv1.StatefulSet, want int) {
	first := 0
	if s.Spec.Ordinals != nil {
		first = int(s.Spec.Ordinals.Start)
	}
	template, _ := e.template(s)
	for i := first; i < first+want; i++ {
		name := s.Name + "-" + strconv.Itoa(i)
		if e.taken[s.Namespace+"/"+name] {
			continue
		}
		pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
		pod.Name, pod.UID = name, types.UID("pod/"+s.Namespace+"/"+name)
		pod.Labels = maps.Clone(template.Labels)
		pod.Labels[appsv1.StatefulSetPodNameLabel] = name
		pod.Labels[appsv1.PodIndexLabel] = strconv.Itoa(i)
		pod.Spec.Volumes = slices.Clone(template.Spec.Volumes)
		for j := range s.Spec.VolumeClaimTemplates {
			e.claimFor(pod, &s.Spec.VolumeClaimTemplates[j])
		}
		e.make(pod)
	}
}

// claimFor gives a pod the volume that a claim template stands for, in place of one
// of the same name.
func (e *expansion) claimFor(pod *corev1.Pod, t *corev1.PersistentVolumeClaim) {
	name := t.Name + "-" + pod.Name
	e.claim(pod.Namespace, name, t.Spec, "")
	pod.Spec.Volumes = slices.DeleteFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == t.Name })
	pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: t.Name, VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: name},
	}})
}
