package kubelet

import (
	"net/netip"
	"testing"
)

func TestAddresses(t *testing.T) {
	a := newAddresses()
	seen := map[string]bool{}
	take := func() string {
		t.Helper()
		ip, err := a.take()
		if err != nil {
			t.Fatal(err)
		}
		if seen[ip] || !podNetwork.Contains(netip.MustParseAddr(ip)) {
			t.Fatalf("%s is given out twice or not in %s", ip, podNetwork)
		}
		seen[ip] = true
		return ip
	}
	a.adopt("100.64.0.2")
	a.adopt("10.0.0.1") // a pod on its host's network
	a.adopt("")
	seen["100.64.0.2"] = true
	first := take()
	a.release(first)
	if next := take(); next == first {
		t.Errorf("%s is given out again at once", first)
	}
	// At the end of the network it goes round, past what is in use, the address of the
	// network and that of broadcast.
	a.last = netip.MustParseAddr("100.127.255.253")
	for _, want := range []string{"100.127.255.254", "100.64.0.1"} {
		if got := take(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
