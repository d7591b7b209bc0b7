package solve

import "github.com/ullage-sh/ullage/pack"

// Memory is room to work in that one solution leaves to the next. It decides nothing, and is
// for one solution at a time. The zero value is ready to use.
type Memory struct {
	packing pack.Memory
}

// forPacking is the part of it that packing wants.
func (m *Memory) forPacking() *pack.Memory {
	if m == nil {
		return nil
	}
	return &m.packing
}
