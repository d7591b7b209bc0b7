package view

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/engine"
)

// tally adds up the notes of one line.
type tally struct {
	count  int
	first  engine.Note
	bought map[string]int // nodes by offering
	price  Price          // of those
}

func (t *tally) add(n engine.Note) {
	if t.count == 0 {
		t.first = n
	}
	t.count++
	if b := n.Bought; b != nil {
		if t.bought == nil {
			t.bought = map[string]int{}
		}
		t.bought[spaced(b.Offering)]++
		t.price = t.price.Plus(priceOf(b.Price, b.Imputed))
	}
}

// text is the notes as one sentence. What follows from the life of nodes has
// words of its own; all else is told as it was noted.
func (t *tally) text(k key) string {
	one := t.count == 1
	n := t.first
	switch k.reason {
	case "Launched":
		if t.bought == nil {
			break
		}
		if one {
			return "launched " + t.name() + " as " + t.offerings() + t.priced("")
		}
		return "launched " + count(t.count, "node") + ": " + t.offerings() + t.priced("")
	case "Registered":
		if !one {
			return count(t.count, "node") + " registered"
		}
		return n.Message
	case "Initialized":
		if !one {
			return count(t.count, "node") + " ready for pods"
		}
		return strings.TrimSuffix(n.Message, "initialized") + "ready for pods"
	case "Reserved":
		if !one {
			return count(t.count, "node") + " reserved for the pods that were planned for them"
		}
		return n.Message
	case "Opened":
		if k.warning {
			break
		}
		if !one {
			return count(t.count, "node") + " open to all pods"
		}
		return n.Message
	case "DisruptionTerminating":
		if !one {
			return "giving back " + count(t.count, "node") + " that hold no pods"
		}
		return n.Message
	case "Empty":
		if one {
			return "gave back " + t.name() + ", which is empty" + t.priced(" less")
		}
		return "gave back " + count(t.count, "empty node") + t.priced(" less")
	case "Terminated":
		if one {
			return t.name() + " and its instance are gone"
		}
		return count(t.count, "node") + " and their instances are gone"
	case "Evicted":
		if !one {
			return "evicted " + count(t.count, "pod") + " from nodes that are being given back"
		}
	case "FailedScheduling":
		return t.unplaced(k)
	}
	return t.plain(k)
}

// name is that of the only node: its claim's until it has one.
func (t *tally) name() string {
	if b := t.first.Bought; b != nil && b.Node != "" {
		return "node " + b.Node
	}
	return t.first.About.Name
}

// unplaced says which pods fit nowhere, and why.
func (t *tally) unplaced(k key) string {
	who, verb := about(t.first.About), " fits nowhere"
	if t.count > 1 {
		who, verb = count(t.count, "pod"), " fit nowhere"
	}
	if k.message == "" {
		return who + verb + ", for other reasons"
	}
	return who + verb + ": " + strings.TrimPrefix(k.message, "Failed to schedule pod: ")
}

// plain is "NodeClaim default-x7: LaunchTimeout: no instance came up …", or the
// same of many.
func (t *tally) plain(k key) string {
	n := t.first
	switch {
	case t.count == 1:
		return about(n.About) + ": " + n.Reason + ": " + n.Message
	case k.warning && k.message != "":
		return strconv.Itoa(t.count) + " × " + n.About.Kind + ": " + n.Reason + ": " + n.Message
	}
	return strconv.Itoa(t.count) + " × " + n.About.Kind + ": " + n.Reason + ", first " + about(n.About) + ": " + n.Message
}

func about(o engine.Object) string {
	if o.Namespace != "" {
		return o.Kind + " " + o.Namespace + "/" + o.Name
	}
	return o.Kind + " " + o.Name
}

// maxOfferings bounds the offerings that one line names.
const maxOfferings = 3

// offerings lists what the nodes were bought as, the most frequent first: "3 ×
// c7i.large a spot, 1 × m7i.large b on-demand".
func (t *tally) offerings() string {
	names := slices.SortedFunc(maps.Keys(t.bought), func(a, b string) int {
		return cmp.Or(-cmp.Compare(t.bought[a], t.bought[b]), strings.Compare(a, b))
	})
	if t.count == 1 {
		return strings.Join(names, "")
	}
	var parts []string
	rest := t.count
	for i, name := range names {
		if i == maxOfferings-1 && len(names) > maxOfferings {
			parts = append(parts, strconv.Itoa(rest)+" others")
			break
		}
		parts = append(parts, strconv.Itoa(t.bought[name])+" × "+name)
		rest -= t.bought[name]
	}
	return strings.Join(parts, ", ")
}

// priced is ", $0.1920 per hour", with what the amount means after it.
func (t *tally) priced(meaning string) string {
	if t.bought == nil {
		return ""
	}
	return ", " + t.price.String() + " per hour" + meaning
}
