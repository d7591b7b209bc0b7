package oracle

//revive:disable:exported what the methods do, client-go's interfaces say

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
)

// client is what the scheduler writes to. It takes bindings and the conditions of
// pods that do not fit; the scheduler has nothing else to write here, so that
// anything else it tries stops the program.
type client struct {
	kubernetes.Interface
	bind func(*corev1.Binding)
}

func (c *client) CoreV1() typedcorev1.CoreV1Interface { return &core{client: c} }

type core struct {
	typedcorev1.CoreV1Interface
	client *client
}

func (c *core) Pods(string) typedcorev1.PodInterface { return &pods{client: c.client} }

type pods struct {
	typedcorev1.PodInterface
	client *client
}

func (p *pods) Bind(_ context.Context, b *corev1.Binding, _ metav1.CreateOptions) error {
	p.client.bind(b)
	return nil
}

// Patch is about the condition of a pod that does not fit: nobody here reads it.
func (p *pods) Patch(context.Context, string, types.PatchType, []byte, metav1.PatchOptions, ...string) (*corev1.Pod, error) {
	return &corev1.Pod{}, nil
}

// silent records no events.
type silent struct{}

func (silent) Eventf(runtime.Object, runtime.Object, string, string, string, string, ...any) {}
func (s silent) WithLogger(klog.Logger) events.EventRecorderLogger                           { return s }
