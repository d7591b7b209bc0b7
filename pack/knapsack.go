package pack

import "math"

// knapsack finds what a node is worth at most when it may be filled with
// fractions of things: the linear program
//
//	maximise    Σ value[c]·amount[c]
//	subject to  Σ size[c]·amount[c] ≤ room, in every dimension,
//	            0 ≤ amount[c] ≤ most[c].
//
// It has few dimensions, so the simplex method ends after a few steps. The dual
// solution is a price for a unit of each dimension: the optimum is what the room
// is worth then, and for each class at its most, what that is worth beyond the
// room it takes.
type knapsack struct {
	dims int
	size []float64 // a row for each class

	value   []float64 // of each class
	most    []float64 // of each class
	classes []int32   // that may be used

	price []float64 // the dual solution
	worth float64   // the optimum

	basis   []int32   // what the rows of the inverse stand for: a class, −1 for unused room
	amount  []float64 // of it
	inverse []float64
	full    Set // classes at their most, outside the basis
	image   []float64
	column  []float64
}

func newKnapsack(dims int, size []float64) *knapsack {
	return &knapsack{
		dims: dims, size: size, price: make([]float64, dims), basis: make([]int32, dims), amount: make([]float64, dims),
		inverse: make([]float64, dims*dims), image: make([]float64, dims), column: make([]float64, dims),
		full: NewSet(len(size) / max(dims, 1)),
	}
}

const unusedRoom = int32(-1)

func (k *knapsack) sizeOf(c int32) []float64 { return k.size[int(c)*k.dims : (int(c)+1)*k.dims] }

// solve fills room with the given classes.
func (k *knapsack) solve(room, value, most []float64, classes []int32) {
	k.value, k.most, k.classes = value, most, classes
	n := k.dims
	clear(k.inverse)
	clear(k.price)
	clear(k.full)
	for d := range n {
		k.basis[d], k.amount[d], k.inverse[d*n+d] = unusedRoom, room[d], 1
	}
	for range 16*n + 2*len(classes) {
		enter, dim, gain := k.entering(room)
		if gain == 0 {
			break
		}
		k.step(enter, dim, gain)
	}
	k.worth = 0
	for d, p := range k.price {
		k.worth += float64(p * room[d])
	}
	for c := range k.full.All {
		k.worth += float64(most[c] * k.gain(int32(c)))
	}
}

// gain is what one of a class is worth beyond the room it takes.
func (k *knapsack) gain(c int32) float64 {
	g := k.value[c]
	for d, v := range k.sizeOf(c) {
		g -= float64(k.price[d] * v)
	}
	return g
}

// entering returns the class or, with a dimension, the unused room that raises
// the worth most for its own, and by how much each of it does; below zero for a
// class of which there should be less.
func (k *knapsack) entering(room []float64) (enter int32, dim int, gain float64) {
	most := 1e-9
	for _, c := range k.classes {
		g := k.gain(c)
		if k.full.Has(int(c)) != (g < 0) {
			continue
		}
		if a := math.Abs(g); a > float64(most*k.value[c]) {
			enter, most, gain = c, a/k.value[c], g
		}
	}
	worth := 0.0
	for d, p := range k.price {
		worth += math.Abs(float64(p * room[d]))
	}
	for d, p := range k.price {
		if w := float64(-p * room[d]); w > float64(most*worth) {
			enter, dim, most, gain = unusedRoom, d, w/worth, -p
		}
	}
	return enter, dim, gain
}

// step brings in what [knapsack.entering] has found.
func (k *knapsack) step(enter int32, dim int, gain float64) {
	column, most := k.column, math.Inf(1)
	if enter == unusedRoom {
		clear(column)
		column[dim] = 1
	} else {
		copy(column, k.sizeOf(enter))
		most = k.most[enter]
	}
	sign := 1.0
	if gain < 0 {
		sign = -1
	}
	leave, amount, toMost := k.ratio(column, sign, most)
	n := k.dims
	for i := range n {
		k.amount[i] -= float64(float64(sign*k.image[i]) * amount)
	}
	if leave < 0 { // from one bound to the other
		if sign > 0 {
			k.full.Add(int(enter))
		} else {
			k.full.Remove(int(enter))
		}
		return
	}
	if enter != unusedRoom && sign < 0 {
		k.full.Remove(int(enter))
		amount = most - amount
	}
	if toMost {
		k.full.Add(int(k.basis[leave]))
	}
	row := k.inverse[leave*n : (leave+1)*n]
	at := k.image[leave]
	for d := range row {
		k.price[d] += float64(gain / at * row[d])
		row[d] /= at
	}
	for i := range n {
		if f := k.image[i]; i != leave && f != 0 {
			for d, v := range row {
				k.inverse[i*n+d] -= float64(f * v)
			}
		}
	}
	k.basis[leave], k.amount[leave] = enter, amount
}

// ratio computes the image of a column and how far it can be raised, or with sign
// −1 lowered, until something gives way: a row, or with −1 the column itself at
// its other bound. toMost tells that the row's class leaves at its most.
func (k *knapsack) ratio(column []float64, sign, most float64) (leave int, amount float64, toMost bool) {
	n := k.dims
	leave, amount = -1, most
	for i := range n {
		sum := 0.0
		for d, v := range column {
			if v != 0 {
				sum += float64(k.inverse[i*n+d] * v)
			}
		}
		k.image[i] = sum
		rate := float64(sign * sum)
		switch c := k.basis[i]; {
		case rate > 1e-12:
			if r := max(k.amount[i], 0) / rate; r < amount {
				leave, amount, toMost = i, r, false
			}
		case rate < -1e-12 && c != unusedRoom:
			if r := max(k.most[c]-k.amount[i], 0) / -rate; r < amount {
				leave, amount, toMost = i, r, true
			}
		}
	}
	return leave, amount, toMost
}

// filled appends what the best filled node holds.
func (k *knapsack) filled(out []portion) []portion {
	for i, c := range k.basis {
		if c != unusedRoom && k.amount[i] > 1e-12 {
			out = append(out, portion{c, k.amount[i]})
		}
	}
	for c := range k.full.All {
		out = append(out, portion{int32(c), k.most[c]})
	}
	return out
}

// filledWith appends what the node holds that comes of putting a class into the
// best one, instead of whatever gives way first. It appends nothing for a class
// that the best one holds already.
func (k *knapsack) filledWith(class int32, out []portion) []portion {
	if k.full.Has(int(class)) {
		return out
	}
	for _, c := range k.basis {
		if c == class {
			return out
		}
	}
	_, amount, _ := k.ratio(k.sizeOf(class), 1, k.most[class])
	if amount <= 1e-12 {
		return out
	}
	out = append(out, portion{class, amount})
	for i, c := range k.basis {
		if a := k.amount[i] - float64(k.image[i]*amount); c != unusedRoom && a > 1e-12 {
			out = append(out, portion{c, a})
		}
	}
	for c := range k.full.All {
		out = append(out, portion{int32(c), k.most[c]})
	}
	return out
}
