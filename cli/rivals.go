package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/view"
)

// writeRivals compares the plan with what others would buy.
func (r *Report) writeRivals(b *strings.Builder) {
	if len(r.Rivals) == 0 {
		return
	}
	t := table{
		head:  []string{"COMPARED WITH", "NODES", "PRICE/H", "PRICE/MONTH", "TO THIS PLAN", "DO NOT FIT"},
		right: []bool{false, true, true, true, true, true},
	}
	_, own := r.bought()
	_, unplaced := r.waiting()
	for _, x := range r.Rivals {
		price := view.Price{PerHour: x.Price, Imputed: x.Imputed}
		ratio := ""
		if own.PerHour > 0 && x.Unplaced <= unplaced { // it runs no less
			ratio = signed(100 * (float64(x.Price)/float64(own.PerHour) - 1))
		}
		var under []string
		if x.Note != "" {
			under = []string{x.Note}
		}
		t.add([]string{x.Name, grouped(x.Nodes), price.String(), price.Month(), ratio, grouped(x.Unplaced)}, under...)
	}
	b.WriteByte('\n')
	t.write(b)
}

// signed is a difference in percent: "+12.3 %".
func signed(percent float64) string {
	s := strconv.FormatFloat(percent, 'f', 1, 64) + " %"
	if percent >= 0 {
		s = "+" + s
	}
	return s
}

// compared says how two prices compare: "$0.1503 per hour (+5.8 %)".
func compared(p, to view.Price) string {
	s := p.String() + " per hour"
	if p.Unknown == 0 && to.Unknown == 0 && to.PerHour > 0 {
		s += fmt.Sprintf(" (%s)", signed(100*(float64(p.PerHour)/float64(to.PerHour)-1)))
	}
	return s
}
