package ec2

import "reflect"

// mirror copies what two structs of the SDK have in common, by the names of their
// fields: EC2 has four types for what a launch template says, which differ in hardly
// more than their names. What is not set is left as it was.
func mirror(to, from any) { mirrorValue(reflect.ValueOf(to).Elem(), reflect.ValueOf(from).Elem()) }

func mirrorValue(to, from reflect.Value) {
	if from.Kind() == reflect.Pointer {
		if from.IsNil() {
			return
		}
		from = from.Elem()
	}
	if to.Kind() == reflect.Pointer {
		fresh := reflect.New(to.Type().Elem())
		mirrorValue(fresh.Elem(), from)
		to.Set(fresh)
		return
	}
	switch {
	case to.Kind() != from.Kind():
		// Other fields by the same name: a number of things in one, the things in the other.
	case to.Kind() == reflect.Struct && to.Type() != from.Type():
		for i := range to.NumField() {
			f := to.Type().Field(i)
			if source := from.FieldByName(f.Name); f.IsExported() && source.IsValid() && !source.IsZero() {
				mirrorValue(to.Field(i), source)
			}
		}
	case to.Kind() == reflect.Slice && to.Type() != from.Type():
		to.Set(reflect.MakeSlice(to.Type(), from.Len(), from.Len()))
		for i := range from.Len() {
			mirrorValue(to.Index(i), from.Index(i))
		}
	case from.Type().ConvertibleTo(to.Type()):
		to.Set(from.Convert(to.Type()))
	}
}
