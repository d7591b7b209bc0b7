package wire

import (
	"embed"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/aws/smithy-go/middleware"
)

//go:embed names/*.txt
var tables embed.FS

// names says what the members of a service's structs are called on the wire.
//
// Usually that follows from the name in Go: it is the same in requests and in
// awsQuery's answers, and begins with a small letter in EC2's answers; the elements of
// a list are "item" in EC2's answers and "member" with awsQuery, both ways. EC2's
// requests number the elements right behind the list's name. The tables have the rest.
type names struct {
	ec2     bool
	in, out map[string]oddity // by "Struct.Member"

	ins, outs sync.Map // reflect.Type → *shape
}

// oddity is a line of a table.
type oddity struct{ name, item, key, value string }

// shape is a struct as it goes over the wire.
type shape struct {
	members []member
	byName  map[string]int // index of members
}

// member is a field of a struct, with its name on the wire.
type member struct {
	field int
	name  string
	item  string // of a list's elements; "" when they have no level of their own
	// key and value of a map's entries, which have no level of their own; "" for no map.
	key, value string
}

// load reads the table of a service. It panics on one that is damaged: they are part of
// the program.
func load(service string) *names {
	text, err := tables.ReadFile("names/" + service + ".txt")
	if err != nil {
		panic(err)
	}
	n := &names{in: map[string]oddity{}, out: map[string]oddity{}}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		switch {
		case len(f) == 0 || f[0] == "#":
		case f[0] == "protocol":
			n.ec2 = f[1] == "ec2"
		case f[0] == "?":
			// What namegen does not understand goes by the usual name.
		case len(f) >= 4 && (f[0] == ">" || f[0] == "<"):
			into := n.in
			if f[0] == "<" {
				into = n.out
			}
			o := oddity{name: f[3], item: n.item(f[0] == "<")}
			if len(f) == 5 {
				o.item = strings.TrimPrefix(f[4], "-")
			}
			into[f[1]+"."+f[2]] = o
		default:
			panic(fmt.Sprintf("wire: names/%s.txt: %q is no line of a table; run go generate ./awssim/wire", service, line))
		}
	}
	return n
}

// item is what the elements of a list are usually called.
func (n *names) item(answer bool) string {
	switch {
	case !n.ec2:
		return "member"
	case answer:
		return "item"
	}
	return ""
}

// shape returns how a struct goes over the wire, in answers or in requests.
func (n *names) shape(t reflect.Type, answer bool) *shape {
	cache, odd := &n.ins, n.in
	if answer {
		cache, odd = &n.outs, n.out
	}
	if s, ok := cache.Load(t); ok {
		return s.(*shape)
	}
	s := &shape{byName: map[string]int{}}
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() || f.Type == metadata {
			continue
		}
		m := member{field: i, name: f.Name, item: n.item(answer)}
		if n.ec2 && answer {
			m.name = strings.ToLower(f.Name[:1]) + f.Name[1:]
		}
		if o, ok := odd[structName(t)+"."+f.Name]; ok {
			m.name, m.item, m.key, m.value = o.name, o.item, o.key, o.value
		}
		s.byName[m.name] = len(s.members)
		s.members = append(s.members, m)
	}
	stored, _ := cache.LoadOrStore(t, s)
	return stored.(*shape)
}

// metadata is the type of the field ResultMetadata, which never goes over the wire.
var metadata = reflect.TypeFor[middleware.Metadata]()

// structName is the name by which tables know a struct.
func structName(t reflect.Type) string {
	if strings.HasSuffix(t.PkgPath(), "/types") {
		return "types." + t.Name()
	}
	return t.Name()
}
