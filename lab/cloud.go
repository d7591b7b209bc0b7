package lab

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/internal/wall"
	"github.com/ullage-sh/ullage/kube"
	"github.com/ullage-sh/ullage/lab/ebs"
	"github.com/ullage-sh/ullage/lab/kubelet"
	"github.com/ullage-sh/ullage/lab/podlife"
	"github.com/ullage-sh/ullage/lab/system"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// openCloud opens the simulated cloud on its journal.
func (l *Lab) openCloud() error {
	c, err := catalog.Embedded()
	if err != nil {
		return err
	}
	l.catalog = c
	types, err := l.instanceTypes()
	if err != nil {
		return err
	}
	var found simulated.Recovery
	l.cloud, found, err = simulated.Open(filepath.Join(l.dir, "cloud.jsonl"), simulated.Config{
		Region: l.cfg.Region, Types: types, Seed: l.cfg.Seed, Speed: float64(l.cfg.Speed), Delays: l.cfg.Delays,
		Changed: func() {
			select {
			case l.changed <- struct{}{}:
			default:
			}
		},
	}, wall.Now())
	if err != nil {
		return err
	}
	if found.Instances > 0 || found.Torn > 0 {
		l.cfg.Progress("cloud: found " + found.String())
	}
	l.provider = simulated.NewProvider(l.cloud, wall.Now, wall.Sleep)
	return nil
}

// instanceTypes is what the region sells in the lab's zones.
func (l *Lab) instanceTypes() ([]cluster.InstanceType, error) {
	c := l.catalog
	types, _, err := c.InstanceTypes(l.cfg.Region, catalog.DefaultSizing(), l.cfg.Seed)
	if err != nil {
		return nil, err
	}
	if len(l.cfg.Zones) == 0 {
		return types, nil
	}
	for _, z := range l.cfg.Zones {
		if !slices.Contains(c.Zones(l.cfg.Region), z) {
			return nil, fmt.Errorf("region %s has no zone %q; it has %v", l.cfg.Region, z, c.Zones(l.cfg.Region))
		}
	}
	for i := range types {
		types[i].Offerings = slices.DeleteFunc(types[i].Offerings, func(o cluster.Offering) bool { return !slices.Contains(l.cfg.Zones, o.Zone) })
	}
	return slices.DeleteFunc(types, func(t cluster.InstanceType) bool { return len(t.Offerings) == 0 }), nil
}

// startKubelets starts the kubelets of the machines there are and follows the
// cloud from then on.
func (l *Lab) startKubelets(ctx context.Context) error {
	tls, err := l.plane.KubeletTLS()
	if err != nil {
		return err
	}
	l.fleet, err = kubelet.New(kubelet.Config{Client: l.plane.RESTConfig(), TLS: tls, Seed: l.cfg.Seed, Heartbeat: l.heartbeat(),
		NodeReady: podlife.Delay{ // the end of the boot
			P50: kubelet.DefaultNodeReady.P50 / time.Duration(l.cfg.Speed), P99: kubelet.DefaultNodeReady.P99 / time.Duration(l.cfg.Speed),
		},
	})
	if err != nil {
		return err
	}
	if err := l.openLog(); err != nil {
		return err
	}
	machines, err := system.Machines(l.catalog, l.cfg.Region, l.cloud.Zones())
	if err != nil {
		return err
	}
	for _, m := range machines {
		if err := l.fleet.Start(m); err != nil {
			return err
		}
	}
	if err := l.startAWS(ctx, machines); err != nil {
		return err
	}
	ctx, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	l.work.Go(func() {
		if err := l.fleet.Run(ctx); err != nil && ctx.Err() == nil {
			l.log.Error("kubelets have ended", "err", err)
		}
	})
	l.work.Go(func() { l.drain.Run(ctx) })
	nodes, err := client.New(l.plane.RESTConfig(), client.Options{Scheme: kube.Scheme()})
	if err != nil {
		return fmt.Errorf("connecting to the control plane: %w", err)
	}
	bought, cursor := l.cloud.Machines(wall.Now())
	for _, m := range bought {
		l.boot(m)
	}
	l.work.Go(func() { l.followCloud(ctx, nodes, cursor) })
	return l.startStorage(ctx)
}

// startStorage starts the EBS driver, which knows of each type how many volumes it
// attaches.
func (l *Lab) startStorage(ctx context.Context) error {
	types, err := l.instanceTypes()
	if err != nil {
		return err
	}
	limits := map[string]int64{}
	for i := range types {
		if name := cluster.AttachLimit + ebs.Name; types[i].AttachLimits.Has(name) {
			limits[types[i].Name] = types[i].AttachLimits.Get(name)
		}
	}
	driver, err := ebs.New(ebs.Config{
		Client: l.plane.RESTConfig(), Log: l.log,
		Limit: func(instanceType string) (int64, bool) { n, ok := limits[instanceType]; return n, ok },
	})
	if err != nil {
		return err
	}
	l.work.Go(func() { driver.Run(ctx) })
	return nil
}

// heartbeat keeps well below the grace for silent nodes.
func (l *Lab) heartbeat() time.Duration {
	if l.cfg.NodeMonitorGrace == 0 {
		return 0 // the kubelet's own
	}
	return l.cfg.NodeMonitorGrace / 4
}

// followCloud starts and stops kubelets as the cloud's machines boot and stop.
func (l *Lab) followCloud(ctx context.Context, nodes client.Client, cursor simulated.Cursor) {
	for {
		var events []simulated.Event
		events, cursor = l.cloud.Events(wall.Now(), cursor)
		for _, ev := range events {
			switch ev.Kind {
			case simulated.Launched:
				l.boot(ev.Machine)
			case simulated.Warned:
				l.log.Warn("spot interruption notice", "instance", ev.Machine.InstanceID)
			case simulated.Stopping:
				l.fleet.Stop(ev.Machine.ProviderID)
			case simulated.Terminated:
				if err := forgetNode(ctx, nodes, ev.Machine); err != nil && ctx.Err() == nil {
					l.log.Error("the node of a machine that is gone stays", "node", ev.Machine.Name, "err", err)
				}
			}
		}
		wait := time.Hour
		if next := l.cloud.Next(wall.Now()); next != cluster.Never {
			wait = max(time.Duration(next-wall.Now()), time.Millisecond)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-l.changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (l *Lab) boot(m simulated.Machine) {
	err := l.fleet.Start(kubelet.Machine{
		Name: m.Name, ProviderID: m.ProviderID, Labels: m.Labels, Taints: m.Taints,
		Capacity: m.Capacity, Allocatable: m.Allocatable, InternalIP: m.InternalIP, BootAt: m.BootAt,
	})
	if err != nil {
		l.log.Error("a machine has no kubelet", "instance", m.InstanceID, "err", err)
	}
}
