package catalog

import "testing"

func TestParseName(t *testing.T) {
	tests := []struct {
		name, category, family, generation, size string
		flex                                     bool
	}{
		{"m5.large", "m", "m5", "5", "large", false},
		{"m7i-flex.large", "m", "m7i-flex", "7", "large", true},
		{"u-6tb1.metal", "u", "u-6tb1", "1", "metal", false},
		{"u-3tb1.56xlarge", "u", "u-3tb1", "1", "56xlarge", false},
		{"u7i-12tb.224xlarge", "u", "u7i-12tb", "7", "224xlarge", false},
		{"u7in-16tb.224xlarge", "u", "u7in-16tb", "7", "224xlarge", false},
		{"c6gn.medium", "c", "c6gn", "6", "medium", false},
		{"mac1.metal", "mac", "mac1", "1", "metal", false},
		{"mac2-m2.metal", "mac", "mac2-m2", "2", "metal", false},
		{"mac-m4pro.metal", "mac", "mac-m4pro", "", "metal", false},
		{"trn1.32xlarge", "trn", "trn1", "1", "32xlarge", false},
		{"trn1n.32xlarge", "trn", "trn1n", "1", "32xlarge", false},
		{"inf2.xlarge", "inf", "inf2", "2", "xlarge", false},
		{"hpc7g.4xlarge", "hpc", "hpc7g", "7", "4xlarge", false},
		{"p6-b200.48xlarge", "p", "p6-b200", "6", "48xlarge", false},
		{"im4gn.large", "im", "im4gn", "4", "large", false},
		{"is4gen.medium", "is", "is4gen", "4", "medium", false},
		{"x2iedn.metal", "x", "x2iedn", "2", "metal", false},
		{"c7i.metal-24xl", "c", "c7i", "7", "metal-24xl", false},
		{"dl2q.24xlarge", "dl", "dl2q", "2", "24xlarge", false},
		{"m10g.large", "m", "m10g", "10", "large", false},
	}
	for _, tt := range tests {
		want := Name{Family: tt.family, Size: tt.size, Category: tt.category, Generation: tt.generation, Flex: tt.flex}
		if got, ok := ParseName(tt.name); !ok || got != want {
			t.Errorf("ParseName(%q) = %+v, %v, want %+v", tt.name, got, ok, want)
		}
	}
	for _, name := range []string{"", "m5", "m5.", ".large", "5m.large", "m5.large.x", "-6tb1.metal", "M5.large"} {
		if got, ok := ParseName(name); ok {
			t.Errorf("ParseName(%q) = %+v, want none", name, got)
		}
	}
}

// TestParseCatalogue: every name there is has all parts, but for the mac
// families that carry no generation.
func TestParseCatalogue(t *testing.T) {
	for _, typ := range load(t).Types() {
		n, ok := ParseName(typ.Name)
		if !ok || n.Family+"."+n.Size != typ.Name {
			t.Errorf("ParseName(%q) = %+v, %v", typ.Name, n, ok)
		}
		if n.Generation == "" && n.Category != "mac" {
			t.Errorf("%s has no generation", typ.Name)
		}
	}
}
