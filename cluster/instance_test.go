package cluster

import (
	"slices"
	"testing"
)

// TestImages: of a type the image that it has itself, or that of all; none of one that is
// not offered.
func TestImages(t *testing.T) {
	of := func(image string, own ...string) *Resolution {
		r := &Resolution{ImageID: image}
		for i, name := range []string{"a", "b"}[:len(own)] {
			r.Types = append(r.Types, InstanceType{Name: name, ImageID: own[i]})
		}
		return r
	}
	for _, x := range []struct {
		r    *Resolution
		a, b string
		all  []string
	}{
		{of("x"), "", "", []string{"x"}},
		{of("x", "", ""), "x", "x", []string{"x"}},
		{of("x", "x", "y"), "x", "y", []string{"x", "y"}},
		{of("x", "y", ""), "y", "x", []string{"x", "y"}},
		{of("x", "y"), "y", "", []string{"x", "y"}},
	} {
		if a, b, all := x.r.Image("a"), x.r.Image("b"), x.r.Images(); a != x.a || b != x.b || !slices.Equal(all, x.all) {
			t.Errorf("%+v: %q and %q of %q, want %q and %q of %q", x.r, a, b, all, x.a, x.b, x.all)
		}
	}
}
