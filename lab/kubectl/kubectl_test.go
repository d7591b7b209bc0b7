package kubectl

import (
	"slices"
	"testing"
)

func TestDataDir(t *testing.T) {
	for _, tt := range []struct{ in, rest []string }{
		{[]string{"--data-dir", "x", "get", "pods"}, []string{"get", "pods"}},
		{[]string{"--data-dir=x", "get", "pods"}, []string{"get", "pods"}},
		{[]string{"get", "pods", "--data-dir", "x"}, nil}, // kubectl's to refuse
		{[]string{"--data-dir"}, nil},
		{nil, nil},
	} {
		dir, rest := dataDir(tt.in)
		wantDir := "x"
		if tt.rest == nil {
			wantDir, tt.rest = "", tt.in
		}
		if dir != wantDir || !slices.Equal(rest, tt.rest) {
			t.Errorf("%q: %q, %q, want %q, %q", tt.in, dir, rest, wantDir, tt.rest)
		}
	}
}
