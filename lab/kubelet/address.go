package kubelet

import (
	"fmt"
	"net/netip"
	"sync"
)

// podNetwork is where pods get their addresses: the shared space of RFC 6598,
// which VPC set-ups with custom networking use, so that no node's address is in it.
var podNetwork = netip.MustParsePrefix("100.64.0.0/10")

// addresses hands out pod IPs, each to one pod at a time. It goes round before it
// uses one again, so that an old address is not soon somebody else's.
type addresses struct {
	mu   sync.Mutex
	last netip.Addr
	used map[netip.Addr]bool
}

func newAddresses() *addresses {
	return &addresses{last: podNetwork.Addr(), used: map[netip.Addr]bool{}}
}

func (a *addresses) take() (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.used) >= 1<<(32-podNetwork.Bits())-2 {
		return "", fmt.Errorf("no pod address is left in %s", podNetwork)
	}
	for {
		a.last = a.last.Next()
		// The first and the last address of a network are not a host's.
		if next := a.last.Next(); !podNetwork.Contains(a.last) || !podNetwork.Contains(next) {
			a.last = podNetwork.Addr()
			continue
		}
		if !a.used[a.last] {
			a.used[a.last] = true
			return a.last.String(), nil
		}
	}
}

// adopt marks an address as used that a pod has kept over a restart.
func (a *addresses) adopt(ip string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if addr, err := netip.ParseAddr(ip); err == nil && podNetwork.Contains(addr) {
		a.used[addr] = true
		if a.last.Less(addr) {
			a.last = addr
		}
	}
}

func (a *addresses) release(ip string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if addr, err := netip.ParseAddr(ip); err == nil {
		delete(a.used, addr)
	}
}
