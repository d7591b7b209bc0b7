package pack

// Problem is items to be put onto places. It is never written to.
//
// Amounts are in whatever unit the caller likes, one for each dimension; sums of
// all items in a dimension must stay below 2⁶². Money is micro-USD per hour.
type Problem struct {
	// Room is what a place offers in each dimension unless it says otherwise: 0 for
	// what most machines lack, 1 for a dimension of items of which a node may hold
	// one. Its length is the number of dimensions.
	Room []int64
	// Items to be placed. Where two are as good as each other, the one with the
	// lower index comes first.
	Items []Item
	// Admits says for each kind of place which profiles of items it admits.
	Admits []Set
	Hosts  []Host
	Shapes []Shape
	// Quotas are the rooms that purchases share. Of one that is negative nothing
	// can be had.
	Quotas []int64
	Rules  []Rule
	// NodeCharge is added to the price of each purchase.
	NodeCharge int64
}

// Amount is a quantity in one dimension.
type Amount struct {
	Dim   int32
	Value int64
}

// Item is a number of things alike.
type Item struct {
	// Size of one of them: positive amounts, by dimension.
	Size  []Amount
	Count int32
	// Profile is what places look at when they admit it, see [Problem.Admits].
	Profile int32
}

// Host is a place that is there already. Using it costs nothing.
type Host struct {
	// Room that differs from [Problem.Room], by dimension. Where it is negative,
	// only items that need none of it fit.
	Room []Amount
	Kind int32
	// Holds is what its present load means to rules, by rule; those that it means
	// nothing to are left out.
	Holds []Held
}

// Held is what a host's present load means to one rule.
type Held struct {
	Rule    int32
	Holder  bool  // a holder is there
	Members int32 // so many members are there
}

// Shape is a place that may be bought any number of times.
type Shape struct {
	Room  []Amount // that differs from [Problem.Room], by dimension
	Price int64
	Kind  int32
	// Tier is its rank: an item goes to the first tier that can hold it, whatever
	// that costs, and to a later one only where quotas or variety keep it out.
	Tier int32
	// Uses is what each purchase takes of quotas.
	Uses []Use
	// Variety that a purchase must leave; nil for none.
	Variety *Variety
}

// Use is an amount of a quota.
type Use struct {
	Quota  int32
	Amount int64
}

// Variety asks that the load of a node could have gone to other places as well:
// the alternatives that hold all of it must have enough different values.
type Variety struct {
	Alternatives []Alternative
	// Least number of different values, for each key.
	Least []int32
}

// Alternative is a place that counts for [Variety].
type Alternative struct {
	Room   []Amount // that differs from [Problem.Room], by dimension
	Kind   int32
	Values []int32 // for each key; −1 without one
}

// Rule is a cap on one node that holds when the node has a holder: then it may
// have at most Cap members in all. Holders that are members count. A rule whose
// holders and members are the same items is better told as a dimension.
type Rule struct {
	Holders, Members Set // of items
	Cap              int32
}

// Options steer packing.
type Options struct {
	// Steps bounds the search for something better than the first packing, in steps
	// of about a microsecond. 0 asks for the first packing alone, which takes as long
	// as it takes.
	Steps int
	// Hosts asks a first packing, too, to fill hosts as well as it can: it takes a few times
	// as long, and is worth it where hosts are to hold most of what there is.
	Hosts bool
	// Unproven leaves out bound and proof: [Prove] can be asked later on, for more
	// than what Pack has been told.
	Unproven bool
	// Memory of the packing before; nil for none.
	Memory *Memory
}

// Packing is the answer to a problem. Its items, hosts and shapes are those of
// the problem, by index.
type Packing struct {
	// Placed is what goes onto hosts, by host and item.
	Placed []Placement
	// Bought are the nodes to buy, by shape and load; no two of them are alike.
	Bought []Purchase
	// Left is how many of each item have found no place.
	Left []int32
	// Objective is the sum of prices and charges of what is bought.
	Objective int64
	// Bound is proven: nothing that holds what this packing has placed, given the
	// room on hosts, has a lower objective. What it is compared with keeps to the
	// tiers unless quotas have made this packing go below them.
	Bound int64
	// Proof of the bound; nil and no bound if it was to be left out.
	Proof *Proof
	// Steps that the search has spent.
	Steps int
}

// Take is a number of one item on one node.
type Take struct{ Item, Count int32 }

// Placement is items on a host.
type Placement struct {
	Host int32
	Take
}

// Purchase is a number of nodes alike, each with the same load.
type Purchase struct {
	Shape, Copies int32
	Takes         []Take // by item
}
