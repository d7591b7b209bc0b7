package clustertest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// Devices of scripts have a model, and selectors want one; the selector "broken" cannot
// be evaluated.
func modelSelector(model string) cluster.DeviceSelector {
	return cluster.DeviceSelector{Expression: "model=" + model, Matches: func(_ string, d *cluster.Device) (bool, error) {
		if model == "broken" {
			return false, fmt.Errorf("no such thing")
		}
		return d.Properties == model, nil
	}}
}

func (s *reader) addDeviceClass(l *line) {
	want := l.one("driver", "")
	s.in.DeviceClasses = append(s.in.DeviceClasses, &cluster.DeviceClass{Name: l.name, Selectors: []cluster.DeviceSelector{{
		Expression: "driver=" + want,
		Matches:    func(driver string, _ *cluster.Device) (bool, error) { return driver == want, nil },
	}}})
}

// addDevices reads devices NODE COUNT.
func (s *reader) addDevices(l *line) {
	count := l.count()
	taken, err := strconv.Atoi(l.one("taken", "0"))
	l.fail(err)
	x := &cluster.ResourceSlice{
		Name: fmt.Sprintf("%s-%d", l.name, len(s.in.ResourceSlices)), Node: l.name,
		Driver: l.one("driver", ""), Generation: 1, Slices: 1,
	}
	x.Pool = l.one("pool", x.Name)
	model, unusable := l.one("model", ""), l.one("unusable", "")
	if l.flag("incomplete") {
		x.Slices++
	}
	for i := range count {
		d := cluster.Device{Name: fmt.Sprintf("d%d", i), Properties: model, Unusable: unusable}
		x.Devices = append(x.Devices, d)
		if i < taken {
			s.in.ResourceClaims = append(s.in.ResourceClaims, &cluster.ResourceClaim{
				Namespace: "taken", Name: x.Name + "-" + d.Name, Allocated: true, Devices: []cluster.DeviceID{{Driver: x.Driver, Pool: x.Pool, Name: d.Name}},
			})
		}
	}
	s.in.ResourceSlices = append(s.in.ResourceSlices, x)
}

func (s *reader) addResourceClaim(l *line) {
	c := &cluster.ResourceClaim{
		Namespace: l.one("ns", "default"), Name: l.name, Requests: parsed(l, "device", parseDevice), Refused: l.list("refused"), Deleting: l.flag("deleting"),
	}
	if node := l.one("on", ""); node != "" {
		c.Allocated, c.Nodes = true, []cluster.Term{{{Key: cluster.FieldName, Operator: cluster.In, Values: []string{node}}}}
	}
	s.in.ResourceClaims = append(s.in.ResourceClaims, c)
}

// parseDevice reads CLASS:COUNT or CLASS:COUNT:MODEL.
func parseDevice(text string) (cluster.DeviceRequest, error) {
	class, rest, ok := strings.Cut(text, ":")
	number, model, selects := strings.Cut(rest, ":")
	r := cluster.DeviceRequest{Name: "request", Class: class}
	if selects {
		r.Selectors = []cluster.DeviceSelector{modelSelector(model)}
	}
	if number == "all" {
		return r, nil
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || n < 1 {
		return r, fmt.Errorf("%q is not a request such as gpu:2, gpu:all or gpu:1:a100", text)
	}
	r.Count = n
	return r, nil
}

// claim gives a pod its claims: one of its own for each request, and those that it
// shares.
func (s *reader) claim(p *cluster.Pod, requests []cluster.DeviceRequest, shared []string) {
	for i, r := range requests {
		c := &cluster.ResourceClaim{Namespace: p.Namespace, Name: fmt.Sprintf("%s-%d", p.Name, i), MadeFor: p.UID, Requests: []cluster.DeviceRequest{r}}
		s.in.ResourceClaims = append(s.in.ResourceClaims, c)
		p.Claims = append(p.Claims, c.Name)
	}
	p.Claims = append(p.Claims, shared...)
}
