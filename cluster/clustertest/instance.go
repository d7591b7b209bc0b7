package clustertest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

func (s *reader) addType(l *line) {
	t := cluster.InstanceType{Name: l.name, Labels: l.labels()}
	t.Labels[cluster.LabelArch] = l.one("arch", "amd64")
	t.Labels[cluster.LabelOS] = l.one("os", "linux")
	ref := class(l)
	capacity := l.amounts()
	if _, ok := capacity[cluster.Pods]; !ok {
		capacity[cluster.Pods] = 110
	}
	allocatable := maps.Clone(capacity)
	maps.Copy(allocatable, l.amountsAfter("alloc."))
	t.Capacity, t.Allocatable = cluster.NewResources(capacity), cluster.NewResources(allocatable)
	t.Offerings = offerings(l)
	s.types[t.Name] = &t
	s.in.Types[ref] = append(s.in.Types[ref], t)
}

// offerings makes one offering for each zone and capacity type with a price.
func offerings(l *line) []cluster.Offering {
	zones := l.list("zones")
	if len(zones) == 0 {
		zones = []string{"a"}
	}
	prices := map[string]cluster.Money{} // by capacity type, or capacity type @ zone
	var kinds []string
	for _, o := range l.prefixed("price.") {
		p, err := parseMoney(o.value)
		l.fail(err)
		prices[o.key] = p
		if kind, _, zoned := strings.Cut(o.key, "@"); !zoned {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) == 0 {
		l.fail(fmt.Errorf("no price: want price.on-demand= or price.spot="))
	}
	soldOut, imputed := l.list("soldout"), l.list("imputed")
	draws := drawsOf(l)
	reclaim := map[string]int64{}
	for _, o := range l.prefixed("reclaim.") {
		n, err := strconv.ParseInt(o.value, 10, 64)
		l.fail(err)
		reclaim[o.key] = n
	}
	for _, name := range slices.Sorted(maps.Keys(prices)) {
		kind, zone, zoned := strings.Cut(name, "@")
		if zoned && (!slices.Contains(kinds, kind) || !slices.Contains(zones, zone)) {
			l.fail(fmt.Errorf("price.%s: no such offering; want price.%s= and %s in zones=", name, kind, zone))
		}
	}
	var out []cluster.Offering
	for _, kind := range kinds {
		for _, zone := range zones {
			name := kind + "@" + zone
			price, zoned := prices[name]
			if !zoned {
				price = prices[kind]
			}
			out = append(out, cluster.Offering{
				Zone: zone, CapacityType: kind, Price: price, ReclaimPPM: reclaim[kind],
				Imputed: slices.Contains(imputed, kind), Available: !slices.Contains(soldOut, name),
				Draws: slices.Concat(draws[kind], draws["@"+zone], draws[name]),
			})
		}
	}
	return out
}

// drawsOf reads draw.CAPACITYTYPE, draw.@ZONE and draw.CAPACITYTYPE@ZONE.
func drawsOf(l *line) map[string][]cluster.Draw {
	draws := map[string][]cluster.Draw{}
	for _, o := range l.prefixed("draw.") {
		stock, amount, ok := strings.Cut(o.value, ":")
		n, err := strconv.ParseInt(amount, 10, 64)
		if !ok || err != nil {
			l.fail(fmt.Errorf("draw.%s=%s: want STOCK:AMOUNT", o.key, o.value))
		}
		draws[o.key] = append(draws[o.key], cluster.Draw{Stock: stock, Amount: n})
	}
	return draws
}

// addOverlay reads a price (0.05), a change of it (+10%, -0.01) and added resources.
func (s *reader) addOverlay(l *line) {
	o := &cluster.Overlay{Name: l.name}
	weight, err := strconv.ParseInt(l.one("weight", "0"), 10, 32)
	l.fail(err)
	o.Weight = int32(weight)
	for _, t := range parsed(l, "require", parseTerm) {
		o.Requirements = append(o.Requirements, t...)
	}
	if text := l.one("price", ""); text != "" {
		o.Price = &cluster.PriceChange{Absolute: true}
		o.Price.Amount, err = parseMoney(text)
		l.fail(err)
	}
	if text := l.one("change", ""); text != "" {
		o.Price = &cluster.PriceChange{}
		if percent, ok := strings.CutSuffix(text, "%"); ok {
			n, err := strconv.ParseInt(percent, 10, 64)
			l.fail(err)
			o.Price.PPM = n * 10_000
		} else {
			amount, negative := strings.CutPrefix(text, "-")
			o.Price.Amount, err = parseMoney(strings.TrimPrefix(amount, "+"))
			l.fail(err)
			if negative {
				o.Price.Amount = -o.Price.Amount
			}
		}
	}
	o.Capacity = cluster.NewResources(l.amounts())
	s.in.Overlays = append(s.in.Overlays, o)
}

func (s *reader) addStock(l *line) {
	left, err := strconv.ParseInt(l.one("left", ""), 10, 64)
	l.fail(err)
	s.in.Stocks = append(s.in.Stocks, cluster.Stock{Name: l.name, Left: left})
}

func (s *reader) addPool(l *line) {
	p := &cluster.Pool{
		Name: l.name, UID: "pool-" + l.name, Class: class(l), Labels: l.labels(),
		Taints: l.taints("taint"), StartupTaints: l.taints("startup-taint"),
		Requirements:           parsed(l, "require", parseRequirement),
		TerminationGracePeriod: cluster.Forever,
		Policy:                 cluster.ConsolidationPolicy(l.one("policy", cluster.WhenEmptyOrUnderutilized)),
		Budgets:                parsed(l, "budget", parseBudget),
		Drivers:                l.list("drivers"),
		Invalid:                l.one("invalid", ""),
	}
	weight, err := strconv.ParseInt(l.one("weight", "0"), 10, 32)
	l.fail(err)
	p.Weight = int32(weight)
	p.ConsolidateAfter, err = parseDuration(l.one("consolidate-after", "0s"))
	l.fail(err)
	p.ExpireAfter, err = parseDuration(l.one("expire-after", "never"))
	l.fail(err)
	p.Limits = limits(l)
	if text := l.one("replicas", ""); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		l.fail(err)
		p.Replicas = &n
	}
	p.Shape = parseShape(l)
	p.Min, err = strconv.ParseInt(l.one("min", "0"), 10, 64)
	l.fail(err)
	p.Selects = parsed(l, "selects", parsePattern)
	for _, t := range parsed(l, "members", parseTerm) {
		p.Members = append(p.Members, t...)
	}
	s.pools[p.Name] = p
	s.in.Pools = append(s.in.Pools, p)
}

func parseShape(l *line) cluster.Shape {
	switch text := l.one("shape", "free"); text {
	case "free":
	case "group":
		return cluster.NodeGroup
	case "per-pod":
		return cluster.PerPod
	default:
		l.fail(fmt.Errorf("shape=%s: want free, group or per-pod", text))
	}
	return cluster.Free
}

// parsePattern reads NAMESPACE or NAMESPACE;KEY=VALUE;…
func parsePattern(text string) (cluster.PodPattern, error) {
	namespace, rest, more := strings.Cut(text, ";")
	p := cluster.PodPattern{Namespace: namespace}
	for more {
		var label string
		label, rest, more = strings.Cut(rest, ";")
		key, value, ok := strings.Cut(label, "=")
		if !ok {
			return p, fmt.Errorf("%q is not a pattern such as team-*;app=web", text)
		}
		p.Labels = append(p.Labels, cluster.LabelPattern{Key: key, Value: value})
	}
	return p, nil
}

// limits keeps zeros, unlike other amounts: a limit of zero is a limit.
func limits(l *line) cluster.Resources {
	m := l.amountsAfter("limit.")
	var r cluster.Resources
	for _, name := range slices.Sorted(maps.Keys(m)) {
		r = append(r, cluster.Amount{Name: name, Value: m[name]})
	}
	return r
}

func parseBudget(text string) (cluster.Budget, error) {
	number, percent := strings.CutSuffix(text, "%")
	n, err := strconv.Atoi(number)
	if err != nil {
		return cluster.Budget{}, fmt.Errorf("%q is not a budget such as 3 or 10%%", text)
	}
	return cluster.Budget{Nodes: n, Percent: percent}, nil
}
