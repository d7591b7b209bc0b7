package manifest

import (
	"cmp"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// podOf returns metadata and spec of the pod that an object is or makes; nil if it
// makes none. Changes to them are changes to the object.
func podOf(o Object) (*metav1.ObjectMeta, *corev1.PodSpec) {
	var t *corev1.PodTemplateSpec
	switch o := o.(type) {
	case *corev1.Pod:
		return &o.ObjectMeta, &o.Spec
	case *appsv1.Deployment:
		t = &o.Spec.Template
	case *appsv1.ReplicaSet:
		t = &o.Spec.Template
	case *appsv1.StatefulSet:
		t = &o.Spec.Template
	case *appsv1.DaemonSet:
		t = &o.Spec.Template
	case *corev1.PodTemplate:
		t = &o.Template
	case *batchv1.Job:
		t = &o.Spec.Template
	case *batchv1.CronJob:
		t = &o.Spec.JobTemplate.Spec.Template
	case *corev1.ReplicationController:
		if o.Spec.Template == nil {
			o.Spec.Template = &corev1.PodTemplateSpec{}
		}
		t = o.Spec.Template
	default:
		return nil, nil
	}
	return &t.ObjectMeta, &t.Spec
}

// replicasOf is how many pods a workload wants at a time: the API server's
// default is 1.
func replicasOf(o Object) int32 {
	switch o := o.(type) {
	case *appsv1.Deployment:
		return ptr.Deref(o.Spec.Replicas, 1)
	case *appsv1.ReplicaSet:
		return ptr.Deref(o.Spec.Replicas, 1)
	case *appsv1.StatefulSet:
		return ptr.Deref(o.Spec.Replicas, 1)
	case *corev1.ReplicationController:
		return ptr.Deref(o.Spec.Replicas, 1)
	case *batchv1.Job:
		return jobPods(&o.Spec, &o.Status)
	case *batchv1.CronJob:
		// What a cluster runs of it is there as Jobs.
		if !fromFile(o) || ptr.Deref(o.Spec.Suspend, false) {
			return 0
		}
		return jobPods(&o.Spec.JobTemplate.Spec, &batchv1.JobStatus{})
	}
	return 0
}

// jobPods is how many pods of a Job run at a time: as many as may, and no more than
// are still to complete.
func jobPods(s *batchv1.JobSpec, status *batchv1.JobStatus) int32 {
	if ptr.Deref(s.Suspend, false) {
		return 0
	}
	for _, c := range status.Conditions {
		if ended := c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed; ended && c.Status == corev1.ConditionTrue {
			return 0
		}
	}
	parallel := ptr.Deref(s.Parallelism, 1)
	if s.Completions == nil {
		return parallel // of a work queue
	}
	return max(min(parallel, *s.Completions-status.Succeeded), 0)
}

// selectorOf is the selector of a workload; nil where there is none or the API
// server makes it.
func selectorOf(o Object) *metav1.LabelSelector {
	switch o := o.(type) {
	case *appsv1.Deployment:
		return cmp.Or(o.Spec.Selector, &metav1.LabelSelector{})
	case *appsv1.ReplicaSet:
		return cmp.Or(o.Spec.Selector, &metav1.LabelSelector{})
	case *appsv1.StatefulSet:
		return cmp.Or(o.Spec.Selector, &metav1.LabelSelector{})
	case *appsv1.DaemonSet:
		return cmp.Or(o.Spec.Selector, &metav1.LabelSelector{})
	}
	return nil
}

// ownerOf returns the controller of an object as "Kind name", "" for none.
func ownerOf(o Object) string {
	for _, r := range o.GetOwnerReferences() {
		if r.Controller == nil || *r.Controller {
			return r.Kind + " " + r.Name
		}
	}
	return ""
}
