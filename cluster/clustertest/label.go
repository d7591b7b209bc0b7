package clustertest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

var labelNames = map[string]string{
	"zone": cluster.LabelZone, "arch": cluster.LabelArch, "os": cluster.LabelOS,
	"type": cluster.LabelInstanceType, "capacity-type": cluster.LabelCapacityType, "host": cluster.LabelHostname,
}

// labelKey expands a short key.
func labelKey(key string) string {
	if full, ok := labelNames[key]; ok {
		return full
	}
	return key
}

var operators = []struct {
	text string
	op   cluster.Operator
}{
	{"!=", cluster.NotIn}, {">=", cluster.Gte}, {"<=", cluster.Lte},
	{"=", cluster.In}, {">", cluster.Gt}, {"<", cluster.Lt},
}

// parseRequirement reads one condition on a label.
func parseRequirement(text string) (cluster.Requirement, error) {
	var r cluster.Requirement
	text, least, hasMin := strings.Cut(text, ";min=")
	if hasMin {
		n, err := strconv.Atoi(least)
		if err != nil {
			return r, fmt.Errorf("min=%q is not a number", least)
		}
		r.MinValues = n
	}
	at, op := len(text), 0
	for i, o := range operators {
		if j := strings.Index(text, o.text); j >= 0 && j < at {
			at, op = j, i
		}
	}
	key := text[:at]
	switch {
	case at < len(text):
		r.Operator = operators[op].op
		r.Values = strings.Split(text[at+len(operators[op].text):], ",")
	case strings.HasPrefix(key, "!"):
		key, r.Operator = key[1:], cluster.DoesNotExist
	default:
		r.Operator = cluster.Exists
	}
	if key == "" {
		return r, fmt.Errorf("%q: the label's key is missing", text)
	}
	r.Key = labelKey(key)
	return r, nil
}

// parseTerm reads conditions joined by &.
func parseTerm(text string) (cluster.Term, error) {
	var t cluster.Term
	for _, part := range strings.Split(text, "&") {
		r, err := parseRequirement(part)
		if err != nil {
			return nil, err
		}
		t = append(t, r)
	}
	return t, nil
}

// parseTaint reads KEY=VALUE:EFFECT or KEY:EFFECT.
func parseTaint(text string) (cluster.Taint, error) {
	rest, effect, ok := strings.Cut(text, ":")
	key, value, _ := strings.Cut(rest, "=")
	t := cluster.Taint{Key: key, Value: value, Effect: cluster.TaintEffect(effect)}
	if !ok || key == "" || !knownEffect(t.Effect) {
		return t, fmt.Errorf("%q is not a taint such as dedicated=db:NoSchedule", text)
	}
	return t, nil
}

func knownEffect(e cluster.TaintEffect) bool {
	return e == cluster.NoSchedule || e == cluster.PreferNoSchedule || e == cluster.NoExecute
}

// parseToleration reads KEY, KEY=VALUE, either with :EFFECT, or *.
func parseToleration(text string) (cluster.Toleration, error) {
	if text == "*" {
		return cluster.Toleration{Operator: cluster.Exists}, nil
	}
	rest, effect, hasEffect := strings.Cut(text, ":")
	key, value, hasValue := strings.Cut(rest, "=")
	t := cluster.Toleration{Key: key, Value: value, Effect: cluster.TaintEffect(effect)}
	if !hasValue {
		t.Operator = cluster.Exists
	}
	if key == "" || (hasEffect && !knownEffect(t.Effect)) {
		return t, fmt.Errorf("%q is not a toleration such as dedicated=db:NoSchedule or *", text)
	}
	return t, nil
}
