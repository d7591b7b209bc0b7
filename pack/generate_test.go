package pack_test

import (
	"pgregory.net/rapid"

	"github.com/ullage-sh/ullage/pack"
)

// scale is how large and how tangled generated problems are.
type scale struct {
	things, items, hosts, shapes int
}

var (
	// tiny is small enough for [best].
	tiny = scale{things: 6, items: 4, hosts: 2, shapes: 5}
	// small goes through all ways of packing.
	small = scale{things: 60, items: 14, hosts: 5, shapes: 9}
)

// drawProblem draws a problem with everything that a problem can have.
func drawProblem(t *rapid.T, s scale) *pack.Problem {
	some := func(label string, most int) int { return rapid.IntRange(0, most).Draw(t, label) }
	one := func(label string) bool { return rapid.IntRange(0, 3).Draw(t, label) == 0 }
	const dense, profiles = 2, 3
	p := &pack.Problem{Room: []int64{0, 0, 1, 2}, NodeCharge: int64(some("charge", 2) * 5)}
	for range profiles {
		set := pack.NewSet(profiles)
		for i := range profiles {
			if !one("barred") {
				set.Add(i)
			}
		}
		p.Admits = append(p.Admits, set)
	}
	left := 1 + some("things", s.things-1)
	for i := 0; i < s.items && left > 0; i++ {
		n := 1 + some("count", min(left, 1+s.things/4)-1)
		left -= n
		x := pack.Item{Count: int32(n), Profile: int32(some("profile", profiles-1))}
		for d := range int32(dense) {
			x.Size = append(x.Size, pack.Amount{Dim: d, Value: int64(1 + some("size", 7))})
		}
		if one("apart") {
			x.Size = append(x.Size, pack.Amount{Dim: 2, Value: 1})
		}
		if one("paired") {
			x.Size = append(x.Size, pack.Amount{Dim: 3, Value: 1})
		}
		p.Items = append(p.Items, x)
	}
	drawRules(t, p)
	for range some("hosts", s.hosts) {
		h := pack.Host{Kind: int32(some("host kind", profiles-1))}
		for d := range int32(dense) {
			h.Room = append(h.Room, pack.Amount{Dim: d, Value: int64(some("free", 11) - 1)})
		}
		if one("taken") {
			h.Room = append(h.Room, pack.Amount{Dim: 2, Value: 0})
		}
		if one("roomier than new ones") {
			h.Room = append(h.Room, pack.Amount{Dim: 3, Value: 4})
		}
		for r := range p.Rules {
			if one("held") {
				h.Holds = append(h.Holds, pack.Held{Rule: int32(r), Holder: one("holder there"), Members: int32(some("members there", 2))})
			}
		}
		p.Hosts = append(p.Hosts, h)
	}
	drawShapes(t, p, s)
	return p
}

func drawRules(t *rapid.T, p *pack.Problem) {
	for range rapid.IntRange(0, 2).Draw(t, "rules") {
		r := pack.Rule{Holders: pack.NewSet(len(p.Items)), Members: pack.NewSet(len(p.Items)), Cap: int32(rapid.IntRange(0, 2).Draw(t, "cap"))}
		for i := range p.Items {
			if rapid.IntRange(0, 2).Draw(t, "holder") == 0 {
				r.Holders.Add(i)
			}
			if rapid.IntRange(0, 1).Draw(t, "member") == 0 {
				r.Members.Add(i)
			}
		}
		p.Rules = append(p.Rules, r)
	}
}

func drawShapes(t *rapid.T, p *pack.Problem, s scale) {
	some := func(label string, most int) int { return rapid.IntRange(0, most).Draw(t, label) }
	for range some("quotas", 2) {
		p.Quotas = append(p.Quotas, int64(some("quota", 5)-1))
	}
	var variety *pack.Variety
	if some("variety", 3) == 0 {
		variety = &pack.Variety{Least: []int32{int32(some("least", 2))}}
	}
	for range some("shapes", s.shapes) {
		x := pack.Shape{Price: int64(1 + some("price", 30)), Kind: int32(some("shape kind", 2)), Tier: int32(some("tier", 4) / 4)}
		for d := range int32(2) {
			x.Room = append(x.Room, pack.Amount{Dim: d, Value: int64(2 + some("room", 14))})
		}
		if some("odd room", 5) == 0 {
			x.Room = append(x.Room, pack.Amount{Dim: 3, Value: int64(some("pairs", 3))})
		}
		for q := range p.Quotas {
			if some("uses", 2) == 0 {
				x.Uses = append(x.Uses, pack.Use{Quota: int32(q), Amount: int64(some("amount", 2))})
			}
		}
		if variety != nil {
			variety.Alternatives = append(variety.Alternatives, pack.Alternative{Room: x.Room, Kind: x.Kind, Values: []int32{int32(some("value", 3) - 1)}})
			if some("varied", 1) == 0 {
				x.Variety = variety
			}
		}
		p.Shapes = append(p.Shapes, x)
	}
}
