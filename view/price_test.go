package view

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

func TestPrice(t *testing.T) {
	known, guessed, unknown := priceOf(192_000, false), priceOf(100_050, true), priceOf(0, false)
	for _, x := range []struct {
		price       Price
		hour, month string
	}{
		{Price{}, "$0.0000", "$0.00"},
		{known, "$0.1920", "$140.16"},
		{guessed, "~$0.1001", "~$73.04"}, // 0.10005 × 730 = 73.0365
		{unknown, "?", "?"},
		{known.Plus(guessed), "~$0.2921", "~$213.20"},
		{known.Plus(unknown).Plus(unknown), "$0.1920+?", "$140.16+?"},
		{guessed.Plus(unknown), "~$0.1001+?", "~$73.04+?"},
		{priceOf(12_345*cluster.USD, false), "$12345.0000", "$9,011,850.00"},
		{Price{PerHour: -known.PerHour}, "-$0.1920", "-$140.16"},
	} {
		if got := x.price.String(); got != x.hour {
			t.Errorf("%+v: %s an hour, want %s", x.price, got, x.hour)
		}
		if got := x.price.Month(); got != x.month {
			t.Errorf("%+v: %s a month, want %s", x.price, got, x.month)
		}
	}
}
