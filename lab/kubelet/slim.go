package kubelet

import corev1 "k8s.io/api/core/v1"

// slimPod drops what a simulated kubelet never reads, before it is cached: ten
// thousand pods are held. What it writes back is only the status; the API server
// keeps the spec it has.
func slimPod(obj any) (any, error) {
	p, ok := obj.(*corev1.Pod)
	if !ok {
		return obj, nil
	}
	p.ManagedFields = nil
	s := &p.Spec
	s.Volumes, s.SecurityContext, s.ImagePullSecrets, s.DNSConfig, s.HostAliases = nil, nil, nil, nil, nil
	s.TopologySpreadConstraints = nil
	if s.Affinity != nil {
		s.Affinity.PodAffinity, s.Affinity.PodAntiAffinity = nil, nil
	}
	for _, list := range [][]corev1.Container{s.InitContainers, s.Containers} {
		for i := range list {
			c := &list[i]
			c.Env, c.EnvFrom, c.VolumeMounts, c.VolumeDevices, c.SecurityContext, c.LivenessProbe = nil, nil, nil, nil, nil, nil
		}
	}
	return p, nil
}

func slimNode(obj any) (any, error) {
	if n, ok := obj.(*corev1.Node); ok {
		n.ManagedFields, n.Status.Images = nil, nil
	}
	return obj, nil
}
