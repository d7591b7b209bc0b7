package script

import (
	"fmt"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/simulated"
	"github.com/ullage-sh/ullage/sim"
)

// reservationFile is a capacity reservation as it is written: so many instances of a type in a
// zone.
type reservationFile struct {
	Type    string              `json:"type"`
	Zone    string              `json:"zone"`
	Count   int                 `json:"count"`
	Changes []reservationChange `json:"changes,omitempty"`
}

// reservationChange makes a reservation larger or smaller; 0 ends it.
type reservationChange struct {
	At    span `json:"at"`
	Count int  `json:"count"`
}

// reserve adds reservations to a scenario whose types are known.
func reserve(s *sim.Scenario, files []reservationFile) error {
	var all []simulated.Reservation
	for i, f := range files {
		r := simulated.Reservation{InstanceType: f.Type, Zone: f.Zone, Count: f.Count}
		all = append(all, r)
		s.Reserved = append(s.Reserved, sim.Reserved{Reservation: r})
		for _, c := range f.Changes {
			r.Count = c.Count
			s.Reserved = append(s.Reserved, sim.Reserved{At: cluster.Duration(c.At), Reservation: r})
		}
		for _, x := range s.Reserved {
			if x.Count < 0 {
				return fmt.Errorf("reservations[%d] %s: count is %d, want 0 or more", i, f.Type, x.Count)
			}
		}
	}
	types, err := simulated.WithReserved(s.Types, all)
	if err != nil {
		return err
	}
	s.Types = types
	return nil
}
