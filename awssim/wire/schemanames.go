package wire

import (
	"strings"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/traits"
)

// namesOf reads from schemas what the members of operations' structs are called in a
// query protocol. Services that have gone over to JSON have schemas, and in them still the
// names of before.
func namesOf(operations []*smithy.OperationSchema) *names {
	n := &names{in: map[string]oddity{}, out: map[string]oddity{}}
	for _, op := range operations {
		n.learn(n.in, op.ID().Name+"Input", op.Input)
		if op.Output != nil {
			n.learn(n.out, op.ID().Name+"Output", op.Output)
		}
	}
	return n
}

// learn takes over the names of a struct's members and of what is in them.
func (n *names) learn(into map[string]oddity, of string, schema *smithy.Schema) {
	for name, m := range schema.Members() {
		field := of + "." + strings.ToUpper(name[:1]) + name[1:]
		if _, known := into[field]; known {
			continue
		}
		o := oddity{name: xmlName(m, name), item: n.item(true)}
		_, flat := smithy.SchemaTrait[*traits.XMLFlattened](m)
		if flat {
			o.item = ""
		}
		into[field] = o
		switch m.Type() {
		case smithy.ShapeTypeList:
			n.learnStruct(into, m.ListMember())
		case smithy.ShapeTypeMap:
			if flat {
				o.key, o.value = xmlName(m.MapKey(), "key"), xmlName(m.MapValue(), "value")
				into[field] = o
			}
			n.learnStruct(into, m.MapValue())
		case smithy.ShapeTypeStructure:
			n.learnStruct(into, m)
		}
	}
}

func (n *names) learnStruct(into map[string]oddity, m *smithy.Schema) {
	if m.Type() == smithy.ShapeTypeStructure {
		n.learn(into, "types."+m.TargetID().Name, m)
	}
}

// xmlName is what a member is called on the wire.
func xmlName(m *smithy.Schema, otherwise string) string {
	if t, ok := smithy.SchemaTrait[*traits.XMLName](m); ok {
		return t.Name
	}
	return otherwise
}
