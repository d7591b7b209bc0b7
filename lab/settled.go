package lab

import (
	"context"
	"fmt"
	"slices"

	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/internal/wall"
	"github.com/ullage-sh/ullage/provider"
)

// Unsettled compares the claims in the cluster with the instances in the cloud, as
// they really are and not as they are described with a delay, and tells what does
// not match: instances that no claim has, claims without an instance, claims that
// share one.
func (l *Lab) Unsettled(ctx context.Context) ([]string, error) {
	var claims karpv1.NodeClaimList
	if err := l.client.List(ctx, &claims); err != nil {
		return nil, fmt.Errorf("listing claims: %w", err)
	}
	var odd []string
	owner := map[string]string{}
	for _, c := range claims.Items {
		id := c.Status.ProviderID
		if other := owner[id]; id != "" && other != "" {
			odd = append(odd, fmt.Sprintf("claims %s and %s share %s", other, c.Name, id))
		}
		owner[id] = c.Name
	}
	alive := map[string]bool{}
	for _, i := range l.cloud.Inventory(wall.Now()) {
		if i.State != provider.Pending && i.State != provider.Running {
			continue
		}
		alive[i.ProviderID] = true
		if owner[i.ProviderID] == "" {
			odd = append(odd, "instance "+i.ID+" belongs to no claim")
		}
	}
	for _, c := range claims.Items {
		if !alive[c.Status.ProviderID] {
			odd = append(odd, "claim "+c.Name+" has no instance")
		}
	}
	slices.Sort(odd)
	return odd, nil
}

// Instances counts the instances that have not ended.
func (l *Lab) Instances() int {
	n := 0
	for _, i := range l.cloud.Inventory(wall.Now()) {
		if i.State == provider.Pending || i.State == provider.Running {
			n++
		}
	}
	return n
}
