package clustertest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// Born is when everything in a script was created.
const Born = cluster.Instant(cluster.Second)

// Parse reads a script. An error names the line and what is wrong with it.
func Parse(script string) (cluster.Input, error) {
	s := reader{types: map[string]*cluster.InstanceType{}, pools: map[string]*cluster.Pool{}}
	s.in.Types = map[cluster.ClassRef][]cluster.InstanceType{}
	for i, text := range strings.Split(script, "\n") {
		l, ok := parseLine(text)
		if !ok {
			continue
		}
		s.add(l)
		if err := l.done(); err != nil {
			return cluster.Input{}, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return s.in, nil
}

// reader collects what the lines say.
type reader struct {
	in         cluster.Input
	demands    cluster.Demands
	identities cluster.Identities
	types      map[string]*cluster.InstanceType
	pools      map[string]*cluster.Pool
}

func (s *reader) add(l *line) {
	if l.err != nil {
		return
	}
	switch l.verb {
	case "type":
		s.addType(l)
	case "overlay":
		s.addOverlay(l)
	case "stock":
		s.addStock(l)
	case "pool":
		s.addPool(l)
	case "node":
		s.addNode(l)
	case "claim":
		s.addClaim(l)
	case "pods":
		s.addPods(l)
	case "daemonset":
		s.addDaemonSet(l)
	case "gang":
		least, err := strconv.Atoi(l.one("least", "1"))
		l.fail(err)
		s.in.Gangs = append(s.in.Gangs, &cluster.Gang{Group: cluster.PodGroups, Namespace: l.one("ns", "default"), Name: l.name, Least: least})
	case "pdb":
		s.addBudget(l)
	case "deviceclass":
		s.addDeviceClass(l)
	case "devices":
		s.addDevices(l)
	case "resourceclaim":
		s.addResourceClaim(l)
	default:
		l.fail(fmt.Errorf("no such object; want type, overlay, stock, pool, node, claim, pods, gang, pdb, daemonset, deviceclass, devices or resourceclaim"))
	}
}

func class(l *line) cluster.ClassRef {
	return cluster.ClassRef{Group: "test.ullage.sh", Kind: "TestNodeClass", Name: l.one("class", "default")}
}
