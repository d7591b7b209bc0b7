package cluster

import (
	"cmp"
	"slices"
)

// Stock is something finite that nodes use up, whichever pool they are bought for:
// the instances of a capacity reservation, the addresses of a subnet.
type Stock struct {
	// Name is what people know it by, e.g. "subnet-0abc: addresses".
	Name string
	Left int64
}

// Draw is what a node takes of a stock.
type Draw struct {
	Stock  string
	Amount int64
}

// addStocks sorts the stocks; of one that is told of twice, the lower counts.
func (b *builder) addStocks() {
	b.out.Stocks = slices.Clone(b.in.Stocks)
	slices.SortFunc(b.out.Stocks, func(x, y Stock) int { return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.Left, y.Left)) })
	b.out.Stocks = slices.CompactFunc(b.out.Stocks, func(x, y Stock) bool { return x.Name == y.Name })
}
