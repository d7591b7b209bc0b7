package controlplane

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
)

const (
	readyPoll = 20 * time.Millisecond
	// startLimit bounds each of the two waits of a start. It takes 2–3 s on two
	// cores; a machine that compiles something else at the same time needs more.
	startLimit = 2 * time.Minute
)

// waitReady returns when the API server's /readyz says ok.
func (c *ControlPlane) waitReady(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(c.RESTConfig())
	if err != nil {
		return fmt.Errorf("kube-apiserver: %w", err)
	}
	return c.poll(ctx, "kube-apiserver is not ready", func(ctx context.Context) error {
		return client.RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

// waitServiceAccount returns when the default namespace has its default service
// account: the API server refuses pods before.
func (c *ControlPlane) waitServiceAccount(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(c.RESTConfig())
	if err != nil {
		return fmt.Errorf("kube-controller-manager: %w", err)
	}
	return c.poll(ctx, "kube-controller-manager has not created the default service account", func(ctx context.Context) error {
		_, err := client.CoreV1().ServiceAccounts(corev1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return fmt.Errorf("it does not exist")
		}
		return err
	})
}

// poll asks until there is no error, a component has ended, ctx ends or the time
// is up.
func (c *ControlPlane) poll(ctx context.Context, what string, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startLimit, fmt.Errorf("gave up after %s", startLimit))
	defer cancel()
	last := fmt.Errorf("not asked")
	err := wait.PollUntilContextCancel(ctx, readyPoll, true, func(ctx context.Context) (bool, error) {
		if err := c.Err(); err != nil {
			return false, err
		}
		if err := ask(ctx); err != nil {
			last = err
			return false, nil
		}
		return true, nil
	})
	switch {
	case err == nil:
		return nil
	case c.Err() != nil:
		return c.Err()
	default:
		return fmt.Errorf("%s: %w: last answer: %w", what, context.Cause(ctx), last)
	}
}
