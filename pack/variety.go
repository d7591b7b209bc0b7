package pack

// variety is a [Variety] with the alternatives laid out.
type variety struct {
	*Variety
	number int32
	rows   []int64 // a row for each alternative
	count  []int   // of different values, for each key
	// barred are the items that leave too few alternatives however alone they are
	// on a node.
	barred Set
}

// varietyOf returns the layout of a variety, made when it is first asked for.
func (l *layout) varietyOf(of *Variety) *variety {
	v := l.varieties[of]
	if v.barred != nil {
		return v
	}
	for _, other := range l.varieties {
		if other.barred != nil {
			v.number++
		}
	}
	v.count = make([]int, len(of.Least))
	for i := range of.Alternatives {
		v.rows = l.appendRoom(v.rows, of.Alternatives[i].Room)
		for key, value := range of.Alternatives[i].Values {
			v.count[key] = max(v.count[key], int(value)+1)
		}
	}
	v.barred = NewSet(len(l.items))
	for i := range l.items {
		if !l.varied(v, []take{{int32(i), 1}}, l.row(l.size, int32(i))) {
			v.barred.Add(i)
		}
	}
	return v
}

// varied tells whether enough alternatives hold takes, which need sum.
func (l *layout) varied(v *variety, takes []take, sum []int64) bool {
	if v == nil {
		return true
	}
	seen, left := make([]Set, len(v.Least)), make([]int32, len(v.Least))
	for key, least := range v.Least {
		seen[key], left[key] = NewSet(v.count[key]), least
	}
	for i := range v.Alternatives {
		a := &v.Alternatives[i]
		if !holds(l.row(v.rows, int32(i)), sum) || !l.admitted(l.Admits[a.Kind], takes) {
			continue
		}
		for key, value := range a.Values {
			if value >= 0 && !seen[key].Has(int(value)) {
				seen[key].Add(int(value))
				left[key]--
			}
		}
	}
	for _, n := range left {
		if n > 0 {
			return false
		}
	}
	return true
}

// admitted tells whether a place that admits these profiles admits all takes.
func (l *layout) admitted(profiles Set, takes []take) bool {
	for _, t := range takes {
		if !profiles.Has(int(l.items[t.item].profile)) {
			return false
		}
	}
	return true
}

// keepVariety cuts what fills a node of shape down until the alternatives are as
// many as variety asks for. It returns takes if they are.
func (k *packer) keepVariety(shape int32, takes []take) []take {
	v := k.shapes[shape].variety
	sum := make([]int64, len(k.dense))
	ok := func(takes []take) bool {
		k.sum(sum, takes)
		return len(takes) > 0 && k.varied(v, takes, sum)
	}
	if ok(takes) {
		return takes
	}
	// Items may each leave enough alternatives, and together too few: stay with
	// those that may use what the largest may.
	lead := takes[0].item
	alike := NewSet(len(k.items))
	for i := range k.items {
		if k.items[i].profile == k.items[lead].profile && !v.barred.Has(i) {
			alike.Add(i)
		}
	}
	alike.And(k.setOf(shape))
	if takes = k.fill(k.row(k.shapeRows, shape), alike); ok(takes) {
		return takes
	}
	// Smaller nodes have more alternatives. One of the largest item always leaves
	// enough, or it would be barred.
	n := min(k.left[lead], k.sides.alone[lead])
	for ; n > 1; n /= 2 {
		least := []take{{lead, min(n, howMany(k.row(k.shapeRows, shape), k.row(k.size, lead), n))}}
		if ok(least) {
			return least
		}
	}
	return []take{{lead, 1}}
}
