package pack

// Proof shows that nothing which holds what a packing has placed has an objective
// below Bound. It is made of integers and can be checked without knowing how it
// was found: package verify does so.
//
// It is a sum over parts that have no shape in common. In each part every row
// gives the items values; places can hold only so much value, so that shapes must
// be bought until they hold what is needed. This is an integer covering problem
// with few rows, and a tree of cases shows that it costs at least so much.
type Proof struct {
	Bound int64
	// Held is how many of each item have a place, on a host or on what is bought.
	Held []int32
	// Tier is for each item the tier of the shapes it may be bought in. Nil says that
	// items may be in any tier.
	Tier  []int32
	Parts []Part
}

// Part is the part of a proof that is about some of the shapes.
type Part struct {
	Bound int64
	// As is for each shape of the problem the one it counts as, which costs no more
	// and for which each row says what both hold at most; −1 for shapes that are not
	// of this part.
	As []int32
	// Dims are the dimensions that matter, and Units what the sizes in each of them
	// are multiples of, for items with a value.
	Dims  []int32
	Units []int64
	// Prices are lists of what a unit in each of Dims is worth.
	Prices [][]int64
	Rows   []Row
	// Shift is the binary logarithm of what the prices in Cases are multiplied by.
	Shift uint
	// Cases are the nodes of a binary tree, the root first.
	Cases []Case
}

// Row is one row of a covering problem.
type Row struct {
	Values []int64 // of one of each item
	// Need is the value that new nodes must hold: that of all items that are held,
	// less what hosts can take.
	Need int64
	// Most is for each shape the most value that a node can hold, and By the list of
	// prices that shows it: a place holds at most what its room is worth, and for
	// each item that is worth more than its size the difference, as often as the
	// item fits alone. Items of one size fit no more often together than one of them
	// would. Or all loads that could be worth more, going by these prices, are tried.
	Most []int64
	By   []int32
	// HostMost is for each host the most value that it can hold. HostBy is the list of
	// prices that shows it, as above; −1 to count each item as if it were alone on the
	// host.
	HostMost []int64
	HostBy   []int32
}

// Case is a case of what may be bought.
type Case struct {
	// Shape divides the case in two: at least one more of it is bought (case More),
	// or none any more (case None). −1 for a case that is not divided: in it, Prices
	// for a unit of each row's value show that what is still needed costs at least so
	// much, because no shape that may still be bought holds, of what is needed, more
	// worth than it costs.
	Shape      int32
	More, None int32
	Prices     []int64
}
