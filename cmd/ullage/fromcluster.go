package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ullage-sh/ullage/kube"
	"github.com/ullage-sh/ullage/manifest"
)

// pageSize is how many objects are asked for at once: the API server's answer and
// ours stay small.
const pageSize = 500

// listCluster returns a source of everything in a cluster that a plan reads. It only
// lists.
func listCluster(ctx context.Context, kubeconfig, contextName string) (manifest.Source, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: contextName}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("finding the cluster: %w", err)
	}
	cfg.UserAgent = "ullage/" + version
	return clusterSource(ctx, cfg)
}

func clusterSource(ctx context.Context, cfg *rest.Config) (manifest.Source, error) {
	c, err := client.New(cfg, client.Options{Scheme: kube.Scheme()})
	if err != nil {
		return nil, fmt.Errorf("cluster %s: %w", cfg.Host, err)
	}
	return func(add func(manifest.Object)) (notes []string, err error) {
		for _, gvk := range manifest.Kinds() {
			switch err := listKind(ctx, c, gvk, add); {
			case err == nil:
			case meta.IsNoMatchError(err) || apierrors.IsNotFound(err): // not installed there
			case apierrors.IsForbidden(err):
				notes = append(notes, fmt.Sprintf("%s may not be listed and are left out: %s", gvk.Kind, rootMessage(err)))
			default:
				return nil, fmt.Errorf("cluster %s: listing %s: %w", cfg.Host, gvk.Kind, err)
			}
		}
		return notes, nil
	}, nil
}

// listKind lists all objects of a kind, page by page.
func listKind(ctx context.Context, c client.Client, gvk schema.GroupVersionKind, add func(manifest.Object)) error {
	for token := ""; ; {
		list, err := newList(gvk) // a new one: decoding into an old one would write to its items
		if err != nil {
			return err
		}
		if err := c.List(ctx, list, client.Limit(pageSize), client.Continue(token)); err != nil {
			return err
		}
		items, err := meta.ExtractList(list)
		if err != nil {
			return err
		}
		for _, item := range items {
			o, ok := item.(manifest.Object)
			if !ok {
				return fmt.Errorf("%T is no object", item)
			}
			o.GetObjectKind().SetGroupVersionKind(gvk) // lists do not say it of each
			add(o)
		}
		if token = list.GetContinue(); token == "" {
			return nil
		}
	}
}

// newList is an empty list of a kind: of its Go type if there is one.
func newList(gvk schema.GroupVersionKind) (client.ObjectList, error) {
	listKind := gvk.GroupVersion().WithKind(gvk.Kind + "List")
	o, err := kube.Scheme().New(listKind)
	if runtime.IsNotRegisteredError(err) || manifest.IsClass(gvk) {
		u := &unstructured.UnstructuredList{}
		u.SetGroupVersionKind(listKind)
		return u, nil
	}
	if err != nil {
		return nil, err
	}
	list, ok := o.(client.ObjectList)
	if !ok {
		return nil, fmt.Errorf("%T is no list", o)
	}
	return list, nil
}

// rootMessage is the server's own words, without what was wrapped around them.
func rootMessage(err error) string {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return status.Status().Message
	}
	return strings.TrimSpace(err.Error())
}
