package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	karpv1alpha1 "sigs.k8s.io/karpenter/pkg/apis/v1alpha1"

	"github.com/ullage-sh/ullage/api/legacy/v1alpha5"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// Do carries out an effect on Kubernetes objects and reports the outcome. handled
// is false for effects that are somebody else's.
func (c *Cluster) Do(ctx context.Context, f engine.Effect) (done engine.Done, handled bool) {
	var obj client.Object
	var err error
	switch f := f.(type) {
	case engine.CreateClaim:
		obj, err = c.createClaim(ctx, f)
	case engine.PatchClaim:
		obj, err = c.patchClaim(ctx, f)
	case engine.PatchClaimStatus:
		obj, err = c.patchClaimStatus(ctx, f)
	case engine.DeleteClaim:
		err = c.delete(ctx, &karpv1.NodeClaim{ObjectMeta: metav1.ObjectMeta{Name: f.Name}}, f.UID)
	case engine.PatchNode:
		obj, err = c.patchNode(ctx, f)
	case engine.DeleteNode:
		err = c.delete(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: f.Name}}, f.UID)
	case engine.EvictPod:
		err = c.evict(ctx, f)
	case engine.DeletePod:
		seconds := max(f.Grace.Seconds(), 1) // 0 would take it off the API without asking the kubelet
		err = c.delete(ctx, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: f.Namespace, Name: f.Name}}, f.UID, client.GracePeriodSeconds(seconds))
	case engine.Tolerate:
		obj, err = c.tolerate(ctx, f)
	case engine.PatchPoolStatus:
		obj, err = c.patchPoolStatus(ctx, f)
	case engine.PatchOverlayStatus:
		obj, err = c.patchStatus(ctx, &karpv1alpha1.NodeOverlay{ObjectMeta: metav1.ObjectMeta{Name: f.Name}}, f.UID, f.Revision,
			map[string]any{"conditions": statusConditions(f.Conditions, 0)})
	case engine.PatchBufferStatus:
		obj, err = c.patchBufferStatus(ctx, f)
	case engine.PatchClassStatus:
		obj, err = c.patchClassStatus(ctx, f)
	default:
		return engine.Done{}, false
	}
	done = engine.Done{Effect: f, Err: failure(err)}
	if err == nil && obj != nil {
		done.Revision = obj.GetResourceVersion()
	}
	return done, true
}

// failure sorts an API error by what can be done about it.
func failure(err error) *engine.Failure {
	if err == nil {
		return nil
	}
	f := &engine.Failure{Message: err.Error()}
	switch {
	case apierrors.IsTooManyRequests(err) && isDisruptionBudget(err):
		f.Kind = engine.Blocked
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err):
		f.Kind = engine.Conflict
	case apierrors.IsNotFound(err):
		f.Kind = engine.Missing
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsForbidden(err), apierrors.IsRequestEntityTooLargeError(err):
		f.Kind = engine.Rejected
	default:
		f.Kind = engine.Transient
	}
	return f
}

// isDisruptionBudget tells a refused eviction from a throttled request: both are
// 429.
func isDisruptionBudget(err error) bool {
	var s apierrors.APIStatus
	if !errors.As(err, &s) || s.Status().Details == nil {
		return false
	}
	for _, cause := range s.Status().Details.Causes {
		if cause.Type == policyv1.DisruptionBudgetCause {
			return true
		}
	}
	return false
}

// createClaim writes a claim. That it exists is success: its name follows from
// what it is for. One that is on its way out is not it.
func (c *Cluster) createClaim(ctx context.Context, f engine.CreateClaim) (client.Object, error) {
	nc := newNodeClaim(f)
	err := c.client.Create(ctx, nc)
	if !apierrors.IsAlreadyExists(err) {
		return nc, err
	}
	var there karpv1.NodeClaim
	if e := c.reader.Get(ctx, client.ObjectKey{Name: nc.Name}, &there); e != nil {
		return nil, e
	}
	if there.DeletionTimestamp != nil {
		return nil, err
	}
	return &there, nil
}

// metaPatch is the metadata of a merge patch. uid and resourceVersion make it fail on
// another object or another state than the decision was made on.
type metaPatch struct {
	UID             string                  `json:"uid,omitempty"`
	ResourceVersion string                  `json:"resourceVersion,omitempty"`
	Labels          map[string]*string      `json:"labels,omitempty"`
	Annotations     map[string]*string      `json:"annotations,omitempty"`
	Finalizers      []string                `json:"finalizers"`
	OwnerReferences []metav1.OwnerReference `json:"ownerReferences,omitempty"`
}

func mapPatch(set map[string]string, remove []string) map[string]*string {
	out := make(map[string]*string, len(set)+len(remove))
	for k, v := range set {
		out[k] = &v
	}
	for _, k := range remove {
		out[k] = nil
	}
	return out
}

func merge(body any) (client.Patch, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encoding patch: %w", err)
	}
	return client.RawPatch(types.MergePatchType, b), nil
}

func (c *Cluster) patch(ctx context.Context, obj client.Object, body any) (client.Object, error) {
	p, err := merge(body)
	if err != nil {
		return nil, err
	}
	return obj, c.client.Patch(ctx, obj, p)
}

func (c *Cluster) patchStatus(ctx context.Context, obj client.Object, uid, revision string, status any) (client.Object, error) {
	p, err := merge(map[string]any{"metadata": map[string]any{"uid": uid, "resourceVersion": revision}, "status": status})
	if err != nil {
		return nil, err
	}
	return obj, c.client.Status().Patch(ctx, obj, p)
}

func (c *Cluster) patchClaim(ctx context.Context, f engine.PatchClaim) (client.Object, error) {
	m := metaPatch{UID: f.UID, ResourceVersion: f.Revision, Labels: mapPatch(f.Labels, nil), Annotations: mapPatch(f.Annotations, f.RemoveAnnotations), Finalizers: f.Finalizers}
	if f.Launch != nil {
		launch := encodeLaunch(f.Launch)
		m.Annotations[launchAnnotation] = &launch
	}
	return c.patch(ctx, &karpv1.NodeClaim{ObjectMeta: metav1.ObjectMeta{Name: f.Name}}, map[string]any{"metadata": m})
}

func (c *Cluster) patchClaimStatus(ctx context.Context, f engine.PatchClaimStatus) (client.Object, error) {
	return c.patchStatus(ctx, &karpv1.NodeClaim{ObjectMeta: metav1.ObjectMeta{Name: f.Name}}, f.UID, f.Revision, claimStatus(f))
}

func (c *Cluster) patchPoolStatus(ctx context.Context, f engine.PatchPoolStatus) (client.Object, error) {
	status := map[string]any{"conditions": statusConditions(f.Conditions, 0)}
	list := resourceList(f.Resources)
	status["resources"] = list
	if f.Legacy {
		u, _ := untyped(v1alpha5.SchemeGroupVersion.WithKind("Provisioner"))
		u.SetName(f.Name)
		now := u.DeepCopy()
		if err := c.cache.Get(ctx, client.ObjectKey{Name: f.Name}, now); err != nil {
			return nil, err
		}
		held, _, _ := unstructured.NestedMap(now.Object, "status", "resources") // none for what is not a map
		zeroOthers(list, slices.Collect(maps.Keys(held)))
		return c.patchStatus(ctx, u, f.UID, f.Revision, status)
	}
	var now karpv1.NodePool
	if err := c.cache.Get(ctx, client.ObjectKey{Name: f.Name}, &now); err != nil {
		return nil, err
	}
	zeroOthers(list, slices.Collect(maps.Keys(now.Status.Resources)))
	status["nodes"] = f.Resources.Get(cluster.NodesLimit)
	return c.patchStatus(ctx, &karpv1.NodePool{ObjectMeta: metav1.ObjectMeta{Name: f.Name}}, f.UID, f.Revision, status)
}

// zeroOthers adds zeros for names that are not in a list: a merge patch takes none away.
func zeroOthers[N ~string](list corev1.ResourceList, names []N) {
	for _, n := range names {
		if _, there := list[corev1.ResourceName(n)]; !there {
			list[corev1.ResourceName(n)] = resource.Quantity{}
		}
	}
}

func (c *Cluster) patchClassStatus(ctx context.Context, f engine.PatchClassStatus) (client.Object, error) {
	status := map[string]any{}
	if f.Status != "" {
		if err := json.Unmarshal([]byte(f.Status), &status); err != nil {
			return nil, fmt.Errorf("%s: status from the provider: %w", f.Ref, err)
		}
	}
	status["conditions"] = metaConditions(f.Conditions, 0)
	u := &unstructured.Unstructured{}
	for _, k := range c.classes {
		if k.Group == f.Ref.Group && k.Kind == f.Ref.Kind {
			u.SetGroupVersionKind(schema.GroupVersionKind{Group: k.Group, Version: k.Version, Kind: k.Kind})
		}
	}
	u.SetName(f.Ref.Name)
	return c.patchStatus(ctx, u, f.UID, f.Revision, status)
}

func (c *Cluster) patchNode(ctx context.Context, f engine.PatchNode) (client.Object, error) {
	m := metaPatch{UID: f.UID, ResourceVersion: f.Revision, Labels: mapPatch(f.Labels, f.RemoveLabels), Annotations: mapPatch(f.Annotations, nil), Finalizers: f.Finalizers}
	if f.Owner != nil {
		yes := true
		m.OwnerReferences = []metav1.OwnerReference{{APIVersion: "karpenter.sh/v1", Kind: "NodeClaim", Name: f.Owner.Name, UID: types.UID(f.Owner.UID), BlockOwnerDeletion: &yes}}
	}
	var now corev1.Node
	if err := c.cache.Get(ctx, client.ObjectKey{Name: f.Name}, &now); err != nil {
		return nil, err
	}
	body := map[string]any{"metadata": m, "spec": map[string]any{"taints": coreTaints(f.Taints, now.Spec.Taints)}}
	return c.patch(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: f.Name}}, body)
}

// delete asks for an object's deletion; that it is gone already is success.
func (c *Cluster) delete(ctx context.Context, obj client.Object, uid string, opts ...client.DeleteOption) error {
	u := types.UID(uid)
	err := c.client.Delete(ctx, obj, append(opts, client.Preconditions{UID: &u})...)
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// evict asks through the Eviction API, which honours disruption budgets.
func (c *Cluster) evict(ctx context.Context, f engine.EvictPod) error {
	u := types.UID(f.UID)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: f.Namespace, Name: f.Name}}
	err := c.client.SubResource("eviction").Create(ctx, pod, &policyv1.Eviction{
		ObjectMeta:    metav1.ObjectMeta{Namespace: f.Namespace, Name: f.Name},
		DeleteOptions: &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &u}},
	})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
