package clustertest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// line is one line of a script. Its options are taken off one by one by what
// understands them; what is left in the end is a mistake.
type line struct {
	verb, name string
	options    []option
	err        error // the first one
}

type option struct{ key, value string }

// parseLine splits a line into words; ok is false for an empty one.
func parseLine(text string) (l *line, ok bool) {
	text, _, _ = strings.Cut(text, "#")
	words := strings.Fields(text)
	if len(words) == 0 {
		return nil, false
	}
	l = &line{verb: words[0]}
	if len(words) == 1 {
		l.fail(fmt.Errorf("a name is missing"))
		return l, true
	}
	l.name = words[1]
	for _, w := range words[2:] {
		key, value, _ := strings.Cut(w, "=")
		l.options = append(l.options, option{key, value})
	}
	return l, true
}

func (l *line) fail(err error) {
	if l.err == nil && err != nil {
		l.err = err
	}
}

// all removes every option of that key and returns the values in order.
func (l *line) all(key string) []string {
	var values []string
	l.options = slices.DeleteFunc(l.options, func(o option) bool {
		if o.key == key {
			values = append(values, o.value)
		}
		return o.key == key
	})
	return values
}

// one removes the option of that key; the last one counts.
func (l *line) one(key, otherwise string) string {
	if values := l.all(key); len(values) > 0 {
		return values[len(values)-1]
	}
	return otherwise
}

// flag tells whether the word is there.
func (l *line) flag(key string) bool { return len(l.all(key)) > 0 }

// count removes the first option, which is a number.
func (l *line) count() int {
	if len(l.options) == 0 {
		l.fail(fmt.Errorf("want %s NAME COUNT", l.verb))
		return 0
	}
	n, err := strconv.Atoi(l.options[0].key)
	if err != nil || n < 0 || l.options[0].value != "" {
		l.fail(fmt.Errorf("the count %q is not a number", l.options[0].key))
	}
	l.options = l.options[1:]
	return n
}

// list removes a comma-separated option.
func (l *line) list(key string) []string {
	var values []string
	for _, v := range l.all(key) {
		values = append(values, strings.Split(v, ",")...)
	}
	return values
}

// prefixed removes the options that begin with prefix and returns them without
// it.
func (l *line) prefixed(prefix string) []option {
	var found []option
	l.options = slices.DeleteFunc(l.options, func(o option) bool {
		rest, ok := strings.CutPrefix(o.key, prefix)
		if ok {
			found = append(found, option{rest, o.value})
		}
		return ok
	})
	return found
}

// amounts removes the options that name resources.
func (l *line) amounts() map[string]int64 {
	m := map[string]int64{}
	l.options = slices.DeleteFunc(l.options, func(o option) bool {
		name, ok := resourceName(o.key)
		if ok {
			v, err := parseAmount(name, o.value)
			l.fail(err)
			m[name] = v
		}
		return ok
	})
	return m
}

func (l *line) amountsAfter(prefix string) map[string]int64 {
	m := map[string]int64{}
	for _, o := range l.prefixed(prefix) {
		name, ok := resourceName(o.key)
		if !ok {
			l.fail(fmt.Errorf("%s%s: no such resource", prefix, o.key))
		}
		v, err := parseAmount(name, o.value)
		l.fail(err)
		m[name] = v
	}
	return m
}

func (l *line) labels() cluster.Labels {
	labels := cluster.Labels{}
	for _, o := range l.prefixed("label.") {
		labels[labelKey(o.key)] = o.value
	}
	return labels
}

func (l *line) taints(key string) []cluster.Taint { return parsed(l, key, parseTaint) }

// parsed removes every option of that key and parses each.
func parsed[T any](l *line, key string, parse func(string) (T, error)) []T {
	var out []T
	for _, v := range l.all(key) {
		x, err := parse(v)
		l.fail(err)
		out = append(out, x)
	}
	return out
}

// done tells what was wrong with the line.
func (l *line) done() error {
	if l.err == nil && len(l.options) > 0 {
		l.err = fmt.Errorf("unknown option %q", l.options[0].key)
	}
	if l.err != nil {
		return fmt.Errorf("%s %s: %w", l.verb, l.name, l.err)
	}
	return nil
}
