package clustertest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// constraints reads what binds pods to other pods and to the host.
func (s *reader) constraints(l *line, d *cluster.Demand) {
	own := l.name
	if l.verb == "daemonset" {
		own = ""
	}
	namespace := "default"
	for _, o := range l.options {
		if o.key == "ns" {
			namespace = o.value
		}
	}
	selector := func(text string) cluster.PodSelector {
		p := cluster.PodSelector{Namespaces: []string{namespace}, Labels: cluster.Term{{Key: "app", Operator: cluster.In, Values: []string{own}}}}
		switch text {
		case "":
		case "*":
			p.Labels = cluster.Term{}
		default:
			t, err := parseTerm(text)
			l.fail(err)
			p.Labels = t
		}
		return p
	}
	term := func(text string) cluster.PodAffinityTerm {
		key, pods, _ := strings.Cut(text, ";")
		return cluster.PodAffinityTerm{Key: labelKey(key), Pods: selector(pods)}
	}
	for _, v := range l.all("near") {
		d.PodAffinity = append(d.PodAffinity, term(v))
	}
	for _, v := range l.all("apart") {
		d.PodAntiAffinity = append(d.PodAntiAffinity, term(v))
	}
	for _, v := range l.all("spread") {
		parts := strings.Split(v, ";")
		c := cluster.TopologySpread{Key: labelKey(parts[0]), MaxSkew: 1, Pods: selector(""), HonorAffinity: true}
		for _, p := range parts[1:] {
			c = s.spreadOption(l, c, p, selector)
		}
		d.Spreads = append(d.Spreads, c)
	}
	d.Ports = parsed(l, "port", parsePort)
}

func (s *reader) spreadOption(l *line, c cluster.TopologySpread, text string, selector func(string) cluster.PodSelector) cluster.TopologySpread {
	number := func(text string) int32 {
		n, err := strconv.ParseInt(text, 10, 32)
		l.fail(err)
		return int32(n)
	}
	switch key, value, _ := strings.Cut(text, "="); key {
	case "soft":
		c.Soft = true
	case "honor-taints":
		c.HonorTaints = true
	case "ignore-affinity":
		c.HonorAffinity = false
	case "skew":
		c.MaxSkew = number(value)
	case "domains":
		c.MinDomains = number(value)
	default:
		c.Pods = selector(text)
	}
	return c
}

// parsePort reads 8080, 53/UDP or 80/TCP@10.0.0.1.
func parsePort(text string) (cluster.HostPort, error) {
	text, ip, _ := strings.Cut(text, "@")
	number, protocol, ok := strings.Cut(text, "/")
	if !ok {
		protocol = "TCP"
	}
	n, err := strconv.ParseInt(number, 10, 32)
	if err != nil {
		return cluster.HostPort{}, fmt.Errorf("%q is not a port such as 53/UDP", text)
	}
	return cluster.HostPort{IP: ip, Protocol: protocol, Port: int32(n)}, nil
}
