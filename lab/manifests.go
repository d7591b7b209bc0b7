package lab

import (
	"context"
	_ "embed"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/ullage-sh/ullage/deploy"
	"github.com/ullage-sh/ullage/lab/kubelet"
	"github.com/ullage-sh/ullage/provider/aws"
)

// The pool that a lab begins with, and its class.
var (
	//go:embed manifests/default-pool.yaml
	defaultPool []byte
	//go:embed manifests/default-class.yaml
	defaultClass []byte
	//go:embed manifests/default-class-aws.yaml
	defaultClassAWS []byte
)

// defaults are the pool that a lab begins with and its class.
func (l *Lab) defaults() ([][]byte, error) {
	if !l.cfg.OnAWS {
		return [][]byte{defaultClass, defaultPool}, nil
	}
	var pool karpv1.NodePool
	if err := yaml.Unmarshal(defaultPool, &pool); err != nil {
		return nil, fmt.Errorf("the default NodePool: %w", err)
	}
	kind := aws.ClassKind
	pool.Spec.Template.Spec.NodeClassRef = &karpv1.NodeClassReference{Group: kind.Group, Kind: kind.Kind, Name: "default"}
	out, err := yaml.Marshal(pool)
	if err != nil {
		return nil, fmt.Errorf("the default NodePool: %w", err)
	}
	return [][]byte{defaultClassAWS, out}, nil
}

// operatorLog is the name under which kubelets know the operator's log.
const operatorLog = "operator"

// operatorManifest is the Deployment that is shipped, with what is different
// here: its pod stands for the operator that runs in the lab's process, so it
// shows that one's log.
func operatorManifest() ([]byte, error) {
	var d appsv1.Deployment
	if err := yaml.Unmarshal(deploy.Operator, &d); err != nil {
		return nil, fmt.Errorf("the operator's Deployment: %w", err)
	}
	if d.Spec.Template.Annotations == nil {
		d.Spec.Template.Annotations = map[string]string{}
	}
	d.Spec.Template.Annotations[kubelet.LogAnnotation] = operatorLog
	out, err := yaml.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("the operator's Deployment: %w", err)
	}
	return out, nil
}

// installed is the ConfigMap that says that a lab's directory has been set up.
var installed = client.ObjectKey{Namespace: deploy.Namespace, Name: "lab"}

// fresh tells whether the lab starts on an empty directory. One that was begun with another
// provider is refused: its claims would be nobody's.
func (l *Lab) fresh(ctx context.Context) (bool, error) {
	var cm corev1.ConfigMap
	err := l.client.Get(ctx, installed, &cm)
	switch {
	case apierrors.IsNotFound(err):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("looking whether the lab is new: %w", err)
	}
	if begun := or(cm.Data["provider"], providerName(false)); begun != providerName(l.cfg.OnAWS) {
		return false, fmt.Errorf("the lab on %s was begun with --provider %s: go on with that, or begin another one in an empty directory", l.dir, begun)
	}
	return false, nil
}

// providerName is what people call what nodes are bought from.
func providerName(onAWS bool) string {
	if onAWS {
		return "aws"
	}
	return "simulated"
}

func (l *Lab) markInstalled(ctx context.Context) error {
	cm := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: installed.Namespace, Name: installed.Name},
		Data:       map[string]string{"provider": providerName(l.cfg.OnAWS)},
	}
	if err := l.client.Create(ctx, cm); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("noting that the lab is set up: %w", err)
	}
	return nil
}
