package kube

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/karpenter/pkg/apis"

	"github.com/ullage-sh/ullage/api/awsv1"
	"github.com/ullage-sh/ullage/api/legacy"
	"github.com/ullage-sh/ullage/api/v1alpha1"
)

// fieldOwner names us in server-side apply.
const fieldOwner = client.FieldOwner("ullage")

// Apply creates or updates the objects of a YAML stream by server-side apply and
// returns them as they are then.
func Apply(ctx context.Context, c client.Client, manifest []byte) ([]*unstructured.Unstructured, error) {
	var out []*unstructured.Unstructured
	docs := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifest), 4096)
	for n := 1; ; n++ {
		u := &unstructured.Unstructured{}
		if err := docs.Decode(&u.Object); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return out, fmt.Errorf("document %d: %w", n, err)
		}
		if len(u.Object) == 0 {
			continue
		}
		if err := c.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), fieldOwner, client.ForceOwnership); err != nil {
			return out, fmt.Errorf("document %d, %s %s: %w", n, u.GetKind(), u.GetName(), err)
		}
		out = append(out, u)
	}
}

// InstallCRDs installs Karpenter's and our own resource definitions and waits until
// the API server serves them.
func InstallCRDs(ctx context.Context, cfg *rest.Config) error {
	scheme := runtime.NewScheme()
	if err := apiextensionsv1.AddToScheme(scheme); err != nil {
		return fmt.Errorf("resource definitions: %w", err)
	}
	c, err := client.New(cfg, client.Options{Scheme: scheme})
	if err != nil {
		return fmt.Errorf("resource definitions: %w", err)
	}
	manifests := [][]byte{apis.NodePoolCRD, apis.NodeClaimCRD, apis.NodeOverlayCRD, apis.CapacityBufferCRD}
	for _, own := range []embed.FS{v1alpha1.CRDs, awsv1.CRDs, legacy.CRDs} {
		files, err := own.ReadDir("crds")
		if err != nil {
			return fmt.Errorf("resource definitions: %w", err)
		}
		for _, f := range files {
			text, err := own.ReadFile("crds/" + f.Name())
			if err != nil {
				return fmt.Errorf("resource definitions: %w", err)
			}
			manifests = append(manifests, text)
		}
	}
	var installed []*unstructured.Unstructured
	for _, m := range manifests {
		us, err := Apply(ctx, c, m)
		if err != nil {
			return fmt.Errorf("resource definitions: %w", err)
		}
		installed = append(installed, us...)
	}
	for _, u := range installed {
		if err := awaitEstablished(ctx, c, u.GetName()); err != nil {
			return fmt.Errorf("resource definition %s: %w", u.GetName(), err)
		}
	}
	return nil
}

func awaitEstablished(ctx context.Context, c client.Client, name string) error {
	return wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		var crd apiextensionsv1.CustomResourceDefinition
		if err := c.Get(ctx, client.ObjectKey{Name: name}, &crd); err != nil {
			return false, err
		}
		for _, cond := range crd.Status.Conditions {
			if cond.Type == apiextensionsv1.Established && cond.Status == apiextensionsv1.ConditionTrue {
				return true, nil
			}
		}
		return false, nil
	})
}
