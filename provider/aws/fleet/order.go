package fleet

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// Order asks for instances that are alike.
type Order struct {
	Token string
	// Request identifies what is asked for: a token stands for one request.
	Request string
	Count   int
	// Alternatives in the order in which they are to be tried; not empty.
	Alternatives []Alternative
	// Context is EC2's parameter of that name, "" for none.
	Context string
	// NotBefore is when EC2 will know of all that is launched with, as a rule.
	NotBefore cluster.Instant
	// Tags of the instances and what belongs to them, beside those that the fleet sets.
	Tags map[string]string
}

// Alternative is an offering, and what is launched there.
type Alternative struct {
	cluster.OfferingID
	// Price per hour, as far as it is known.
	Price    cluster.Money
	SubnetID string
	ImageID  string
	// Reservation is the capacity reservation that the template launches into, "" for none.
	Reservation string
	Template    *Template
}

// Receipt is what came of an order.
type Receipt struct {
	Instances []Record // by id
	SoldOut   []cluster.OfferingID
	// Refused is why alternatives could not be launched although nobody says that they are
	// sold out: once each, in the words of EC2.
	Refused []string
}

// maxPart is how many alternatives one call may have, maxTemplates how many launch templates:
// EC2 takes 50 configurations.
const (
	maxPart      = 300
	maxTemplates = 50
)

// Spot prices within a part: EC2 takes the deepest pool of a call first and our order only
// after that, so what it may choose from should cost about the same.
const bandPercent = 20

// parts cuts the alternatives into those that one call may try: of one capacity type, and
// if that is Spot, of about one price. A later call is made only if the earlier ones
// brought too little.
func (o *Order) parts() [][]Alternative {
	var out [][]Alternative
	begin, templates := 0, map[*Template]bool{}
	for k := range o.Alternatives {
		a := &o.Alternatives[k]
		full := k-begin == maxPart || len(templates) == maxTemplates && !templates[a.Template]
		if k > begin && (full || !together(o.Alternatives[begin:k], a)) {
			out = append(out, o.Alternatives[begin:k])
			begin = k
			clear(templates)
		}
		templates[a.Template] = true
	}
	return append(out, o.Alternatives[begin:])
}

func together(part []Alternative, other *Alternative) bool {
	switch first := &part[0]; {
	case first.CapacityType != other.CapacityType:
		return false
	case first.CapacityType == cluster.Spot:
		return other.Price*100 <= first.Price*(100+bandPercent)
	case first.CapacityType == cluster.Reserved:
		// An answer does not say which of two reservations of a kind it is about.
		return !slices.ContainsFunc(part, func(a Alternative) bool { return a.OfferingID == other.OfferingID })
	}
	return true
}

// clientToken is the client token of a call: at most 64 characters of ASCII. A token stands
// for the answer that it got: what is missing then is asked for with another one.
func (o *Order) clientToken(cluster string, s Step) string {
	return digest(cluster, o.Token)[:32] + "-" + s.String()
}
