package kube

import (
	resourcev1 "k8s.io/api/resource/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ullage-sh/ullage/engine"
)

// devices is how claims to devices are watched; nothing where the cluster does not
// serve resource.k8s.io/v1 (Kubernetes 1.34).
func (c *Cluster) devices() ([]watched, error) {
	served, err := c.serves(resourcev1.SchemeGroupVersion.WithKind("ResourceClaim"))
	if err != nil || !served {
		return nil, err
	}
	return []watched{
		{&resourcev1.ResourceClaim{}, &resourcev1.ResourceClaimList{}, func(o client.Object, gone bool) engine.Event {
			ev := engine.ResourceClaimChanged{ID: id(o)}
			if !gone {
				ev.Claim = ResourceClaim(o.(*resourcev1.ResourceClaim))
			}
			return ev
		}},
		{&resourcev1.ResourceSlice{}, &resourcev1.ResourceSliceList{}, func(o client.Object, gone bool) engine.Event {
			ev := engine.ResourceSliceChanged{Name: o.GetName()}
			if !gone {
				ev.Slice = ResourceSlice(o.(*resourcev1.ResourceSlice))
			}
			return ev
		}},
		{&resourcev1.DeviceClass{}, &resourcev1.DeviceClassList{}, func(o client.Object, gone bool) engine.Event {
			ev := engine.DeviceClassChanged{Name: o.GetName()}
			if !gone {
				ev.Class = DeviceClass(o.(*resourcev1.DeviceClass))
			}
			return ev
		}},
	}, nil
}
