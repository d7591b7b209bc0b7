package awssim

import "sync"

// traffic is the requests that have been read and not answered yet, by the operation as IAM
// names it, and how many had nobody left to answer. The zero value is ready.
type traffic struct {
	mu        sync.Mutex
	underway  map[string]int
	abandoned map[string]int
}

// begin notes that an operation is being asked for; done ends that, gone where the client
// has left before it had its answer.
func (t *traffic) begin(name string) (done func(gone bool)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.underway == nil {
		t.underway, t.abandoned = map[string]int{}, map[string]int{}
	}
	t.underway[name]++
	return func(gone bool) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.underway[name]--
		if gone {
			t.abandoned[name]++
		}
	}
}

// Underway tells how many requests for an operation ("ec2:CreateFleet") wait for their
// answer now: what they ask for may have been done already.
func (s *Server) Underway(name string) int {
	s.traffic.mu.Lock()
	defer s.traffic.mu.Unlock()
	return s.traffic.underway[name]
}

// Abandoned tells how many requests for an operation had an answer that AWS takes a while
// for, and nobody there any more to hear it.
func (s *Server) Abandoned(name string) int {
	s.traffic.mu.Lock()
	defer s.traffic.mu.Unlock()
	return s.traffic.abandoned[name]
}
