package operator

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
)

// needed are the kinds that must be installed before the operator can start.
var needed = []string{"nodepools", "nodeclaims"}

// Reach makes sure that a cluster answers and has the resource definitions that
// the operator needs; the error says what to do.
func Reach(cfg *rest.Config) error {
	d, err := discovery.NewDiscoveryClientForConfig(cfg)
	if err != nil {
		return fmt.Errorf("cluster %s: %w", cfg.Host, err)
	}
	if _, err := d.ServerVersion(); err != nil {
		return fmt.Errorf("cluster %s does not answer; is it the one you mean, and is it running? %w", cfg.Host, rootCause(err))
	}
	const gv = "karpenter.sh/v1"
	list, err := d.ServerResourcesForGroupVersion(gv)
	if err != nil {
		return fmt.Errorf("cluster %s does not serve %s: install the resource definitions first (ullage install-crds): %w", cfg.Host, gv, err)
	}
	var missing []string
	for _, want := range needed {
		served := false
		for _, r := range list.APIResources {
			served = served || r.Name == want
		}
		if !served {
			missing = append(missing, want)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return fmt.Errorf("cluster %s serves %s without %s: install the resource definitions (ullage install-crds)", cfg.Host, gv, strings.Join(missing, ", "))
	}
	return nil
}

// rootCause is the innermost error: the one that says what happened, without the
// path to it.
func rootCause(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
