package clustertest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// resourceNames are the short names of the basic resources.
var resourceNames = map[string]string{
	"cpu": cluster.CPU, "mem": cluster.Memory, "memory": cluster.Memory,
	"pods": cluster.Pods, "storage": cluster.EphemeralStorage, "nodes": cluster.NodesLimit,
}

// resourceName tells whether key names a resource.
func resourceName(key string) (string, bool) {
	if name, ok := resourceNames[key]; ok {
		return name, true
	}
	return key, strings.Contains(key, "/") || strings.HasPrefix(key, "hugepages-")
}

var suffixes = []struct {
	text     string
	mul, div int64
}{
	{"Ki", 1 << 10, 1}, {"Mi", 1 << 20, 1}, {"Gi", 1 << 30, 1}, {"Ti", 1 << 40, 1},
	{"m", 1, 1000}, {"k", 1e3, 1}, {"M", 1e6, 1}, {"G", 1e9, 1}, {"T", 1e12, 1}, {"", 1, 1},
}

// parseAmount reads a quantity in the unit that cluster uses for the resource.
// What is finer than the unit is rounded up, as Kubernetes does.
func parseAmount(resource, text string) (int64, error) {
	unit := int64(1)
	if resource == cluster.CPU {
		unit = 1000
	}
	for _, s := range suffixes {
		number, ok := strings.CutSuffix(text, s.text)
		if !ok {
			continue
		}
		digits, scale, err := parseDecimal(number)
		if err != nil {
			return 0, fmt.Errorf("%s: %q is not an amount such as 2, 500m or 1.5Gi", resource, text)
		}
		div := s.div * scale
		v := digits * s.mul * unit
		if s.mul*unit != 0 && v/(s.mul*unit) != digits {
			return 0, fmt.Errorf("%s: %q is too large", resource, text)
		}
		return (v + div - 1) / div, nil
	}
	panic("unreachable: the last suffix is empty")
}

// parseDecimal returns 1.25 as 125 and 100.
func parseDecimal(text string) (digits, scale int64, err error) {
	whole, frac, _ := strings.Cut(text, ".")
	if len(frac) > 6 {
		return 0, 0, fmt.Errorf("%q has more than 6 decimals", text)
	}
	scale = 1
	for range frac {
		scale *= 10
	}
	digits, err = strconv.ParseInt(whole+frac, 10, 64)
	if err == nil && digits < 0 {
		err = fmt.Errorf("%q is negative", text)
	}
	return digits, scale, err
}

// parseMoney reads USD with up to six decimals.
func parseMoney(text string) (cluster.Money, error) {
	digits, scale, err := parseDecimal(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a price in USD such as 0.096", text)
	}
	return cluster.Money(digits * (int64(cluster.USD) / scale)), nil
}

// parseDuration reads 250ms, 30s, 10m, 720h or never.
func parseDuration(text string) (cluster.Duration, error) {
	if text == "never" {
		return cluster.Forever, nil
	}
	for _, u := range []struct {
		text string
		span cluster.Duration
	}{{"ms", cluster.Millisecond}, {"s", cluster.Second}, {"m", cluster.Minute}, {"h", cluster.Hour}} {
		number, ok := strings.CutSuffix(text, u.text)
		if !ok {
			continue
		}
		if n, err := strconv.ParseInt(number, 10, 32); err == nil {
			return cluster.Duration(n) * u.span, nil
		}
	}
	return 0, fmt.Errorf("%q is not a duration such as 30s, 10m or never", text)
}
