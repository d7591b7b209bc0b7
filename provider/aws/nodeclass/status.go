package nodeclass

import (
	"encoding/json"

	"github.com/ullage-sh/ullage/cluster"
)

// Status is what the status of the class shows beside conditions, in the form of its
// definition: a JSON object.
func (c *Class) Status() string {
	type subnet struct {
		ID     string `json:"id"`
		Zone   string `json:"zone"`
		ZoneID string `json:"zoneID,omitempty"`
	}
	type group struct {
		ID   string `json:"id"`
		Name string `json:"name,omitempty"`
	}
	type requirement struct {
		Key      string   `json:"key"`
		Operator string   `json:"operator"`
		Values   []string `json:"values,omitempty"`
	}
	type image struct {
		ID           string        `json:"id"`
		Name         string        `json:"name,omitempty"`
		Deprecated   bool          `json:"deprecated,omitempty"`
		Requirements []requirement `json:"requirements"`
	}
	type reservation struct {
		AvailabilityZone      string `json:"availabilityZone"`
		EndTime               string `json:"endTime,omitempty"`
		ID                    string `json:"id"`
		InstanceMatchCriteria string `json:"instanceMatchCriteria"`
		InstanceType          string `json:"instanceType"`
		Interruptible         bool   `json:"interruptible"`
		OwnerID               string `json:"ownerID"`
		ReservationType       string `json:"reservationType"`
		State                 string `json:"state"`
	}
	// A status is merged: what is nothing now has to be said, or it would stay as it was.
	s := struct {
		Zones                *[]string      `json:"zones,omitempty"` // of a template
		Subnets              []subnet       `json:"subnets"`
		SecurityGroups       []group        `json:"securityGroups"`
		CapacityReservations *[]reservation `json:"capacityReservations,omitempty"` // of a class
		AMIs                 []image        `json:"amis"`
		InstanceProfile      string         `json:"instanceProfile"`
	}{nil, []subnet{}, []group{}, nil, []image{}, c.InstanceProfile}
	reservations := []reservation{}
	if isTemplate(c.Ref) {
		zones := append([]string{}, c.Zones()...)
		s.Zones = &zones
	} else {
		s.CapacityReservations = &reservations
	}
	for _, x := range c.Subnets {
		s.Subnets = append(s.Subnets, subnet{x.ID, x.Zone, x.ZoneID})
	}
	for _, x := range c.SecurityGroups {
		s.SecurityGroups = append(s.SecurityGroups, group{x.ID, x.Name})
	}
	for _, x := range c.Images {
		i := image{ID: x.ID, Name: x.Name, Deprecated: x.Deprecated}
		for _, q := range x.Requirements {
			i.Requirements = append(i.Requirements, requirement{q.Key, q.Operator.String(), q.Values})
		}
		s.AMIs = append(s.AMIs, i)
	}
	for _, x := range c.Reservations {
		v := reservation{
			AvailabilityZone: x.Zone, ID: x.ID, InstanceMatchCriteria: x.Criteria, InstanceType: x.InstanceType,
			Interruptible: x.Interruptible, OwnerID: x.OwnerID, ReservationType: x.Type, State: "active",
		}
		if x.Expiring {
			v.State = "expiring"
		}
		if x.Ends != 0 && x.Ends != cluster.Never {
			v.EndTime = x.Ends.RFC3339()
		}
		reservations = append(reservations, v)
	}
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings and booleans always marshal
	}
	return string(text)
}
