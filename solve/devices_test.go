package solve_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/solve"
)

// drawDevices draws a cluster whose nodes have devices of several models, some taken,
// and pods that claim them: of any model, of one, or all there are.
func drawDevices(t *rapid.T) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	word := func(label string, words ...string) string { return rapid.SampledFrom(words).Draw(t, label) }
	some := func(label string, most int) int { return rapid.IntRange(0, most).Draw(t, label) }
	for i := range 2 {
		line("type t%d cpu=%d mem=32Gi pods=%d price.on-demand=0.%02d", i, 4+4*some("cpu", 2), 4+some("pods", 6), 10+some("price", 20))
	}
	line("pool default%s", word("limit", "", "", " limit.nodes=2"))
	line("deviceclass gpu driver=gpu")
	line("deviceclass nic driver=nic")
	for i := range 1 + some("nodes", 2) {
		line("node n%d type=t%d", i, some("type", 1))
		for range 1 + some("slices", 2) {
			line("devices n%d %d driver=%s model=%s taken=%d%s", i, 1+some("devices", 3), word("driver", "gpu", "gpu", "nic"), word("model", "a", "b"), some("taken", 1),
				word("unusable", "", "", "", "", " unusable=part", " incomplete"))
		}
	}
	for i := range 1 + some("workloads", 3) {
		line("pods w%d %d cpu=100m device=%s%s", i, 1+some("count", 3), word("request", "gpu:1", "gpu:2", "gpu:1:a", "gpu:2:b", "nic:1", "gpu:all", "gpu:all:a"),
			word("another", "", "", " device=gpu:1", " device=gpu:1:a", " device=nic:1"))
	}
	return b.String()
}

// assigned: on each node, the requests of the pods that are there can be given devices,
// each one only once. It tries all ways and knows nothing of counting.
func assigned(in cluster.Input, p *plan.Plan) error {
	claims := map[string]*cluster.ResourceClaim{}
	taken := map[cluster.DeviceID]bool{}
	for _, c := range in.ResourceClaims {
		claims[c.Namespace+"/"+c.Name] = c
		for _, id := range c.Devices {
			taken[id] = true
		}
	}
	check := func(node string, fresh bool, pods []*cluster.Pod) error {
		var requests []cluster.DeviceRequest
		for _, pod := range pods {
			for _, name := range pod.Claims {
				requests = append(requests, claims[pod.Namespace+"/"+name].Requests...)
			}
		}
		free := devicesOn(in, node)
		if !fresh {
			for i := range free {
				free[i].taken = taken[free[i].id]
			}
		}
		if len(requests) > 0 && !assign(in, requests, free) {
			return fmt.Errorf("%s has no devices for all of %d pods", node, len(pods))
		}
		return nil
	}
	there := map[string][]*cluster.Pod{}
	for _, x := range p.Placements {
		there[x.Host] = append(there[x.Host], x.Pods...)
	}
	for _, n := range in.Nodes {
		if err := check(n.Name, false, there[n.Name]); err != nil {
			return err
		}
	}
	for _, c := range p.Creates {
		like := slices.IndexFunc(in.Nodes, func(n *cluster.Node) bool {
			young := slices.ContainsFunc(in.ResourceSlices, func(s *cluster.ResourceSlice) bool { return s.Node == n.Name && s.Slices != 1 })
			return !young && n.Labels[cluster.LabelInstanceType] == c.Offerings[0].InstanceType && len(devicesOn(in, n.Name)) > 0
		})
		if like < 0 {
			return fmt.Errorf("nobody knows what devices %s has", c.Offerings[0])
		}
		if err := check(in.Nodes[like].Name, true, c.Pods); err != nil {
			return fmt.Errorf("a new node like %w", err)
		}
	}
	return nil
}

type device struct {
	id     cluster.DeviceID
	device *cluster.Device
	taken  bool
}

// devicesOn are the devices of a node in pools that are complete.
func devicesOn(in cluster.Input, node string) []device {
	var out []device
	for _, s := range in.ResourceSlices {
		if s.Node != node || s.Slices != 1 {
			continue
		}
		for i := range s.Devices {
			out = append(out, device{cluster.DeviceID{Driver: s.Driver, Pool: s.Pool, Name: s.Devices[i].Name}, &s.Devices[i], false})
		}
	}
	return out
}

func picks(in cluster.Input, r *cluster.DeviceRequest, d *device) bool {
	class := in.DeviceClasses[slices.IndexFunc(in.DeviceClasses, func(c *cluster.DeviceClass) bool { return c.Name == r.Class })]
	for _, s := range slices.Concat(class.Selectors, r.Selectors) {
		if ok, err := s.Matches(d.id.Driver, d.device); !ok || err != nil {
			return false
		}
	}
	return true
}

// assign gives the first request its devices in every way there is.
func assign(in cluster.Input, requests []cluster.DeviceRequest, free []device) bool {
	if len(requests) == 0 {
		return true
	}
	r, rest := requests[0], requests[1:]
	if r.Count == 0 {
		with, some := slices.Clone(free), false
		for i := range with {
			if picks(in, &r, &with[i]) {
				if with[i].taken || with[i].device.Unusable != "" {
					return false
				}
				with[i].taken, some = true, true
			}
		}
		return some && assign(in, rest, with)
	}
	for i := range free {
		if free[i].taken || free[i].device.Unusable != "" || !picks(in, &r, &free[i]) {
			continue
		}
		with := slices.Clone(free)
		with[i].taken = true
		if left := r; left.Count > 1 {
			left.Count--
			if assign(in, append([]cluster.DeviceRequest{left}, rest...), with) {
				return true
			}
		} else if assign(in, rest, with) {
			return true
		}
	}
	return false
}

// TestDevices: there are devices for all pods of a plan, whichever way they are given
// out, and the same records in another order give the same plan.
func TestDevices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		script := drawDevices(t)
		in := mustParse(t, script)
		snap, p := solved(in)
		if err := assigned(in, p); err != nil {
			t.Errorf("%v:\n%s\n%s", err, p.Text(), script)
		}
		if err := checkExactly(snap, p); err != nil {
			t.Errorf("%v:\n%s", err, script)
		}
		if err := orderless(solved, in); err != nil {
			t.Errorf("%v:\n%s", err, script)
		}
	})
}

// TestDevicesMutant: a solver that counts a request only against devices of its own
// kind gives some out twice.
func TestDevicesMutant(t *testing.T) {
	in := mustParse(t, `
		type m cpu=8 mem=32Gi pods=20 price.on-demand=0.1
		pool default limit.nodes=0
		deviceclass gpu driver=gpu
		node n1 type=m
		devices n1 2 driver=gpu model=a
		pods any 2 cpu=100m device=gpu:1
		pods one 2 cpu=100m device=gpu:1:a`)
	snap, p := solved(in)
	if err := assigned(in, p); err != nil {
		t.Fatal(err)
	}
	for i := range snap.Classes {
		for at := range snap.SameDevices {
			if at != snap.Classes[i].Claims[0].Asks[0].Resource {
				snap.Classes[i].Requests[at] = 0
			}
		}
	}
	if assigned(in, solve.Solve(snap, solve.Options{})) == nil {
		t.Error("not noticed")
	}
}
