package control

import (
	"time"

	"github.com/ullage-sh/ullage/awssim"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
)

// State is what there is in a simulated AWS.
type State struct {
	Region    string     `json:"region"`
	Account   string     `json:"account"`
	Cluster   string     `json:"cluster"`
	Now       time.Time  `json:"now"`
	Instances []Instance `json:"instances"` // as launched, for an hour after their end
	Images    []Image    `json:"images"`    // oldest first
	// Reservations of capacity that hold, oldest first.
	Reservations []Reservation `json:"reservations"`
	Queues       []Queue       `json:"queues"`
	Groups       []Group       `json:"groups"` // of Auto Scaling
	// NodeGroups of the cluster; each has a group of Auto Scaling.
	NodeGroups []Group `json:"nodeGroups"`
	// Requests by operation (ec2:CreateFleet), and those that were throttled.
	Requests map[string]int `json:"requests"`
	// Log is what has changed, oldest first, and LogFrom the number of its first line.
	Log     []Line `json:"log"`
	LogFrom int    `json:"logFrom"`
}

// Instance is a machine as it really is; descriptions trail behind that.
type Instance struct {
	ID           string            `json:"id"`
	Type         string            `json:"type"`
	Zone         string            `json:"zone"`
	CapacityType string            `json:"capacityType"`
	State        string            `json:"state"`
	Node         string            `json:"node"`
	Launched     time.Time         `json:"launched"`
	Tags         map[string]string `json:"tags"`
}

// Reservation is capacity on demand that is kept, and paid for.
type Reservation struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Zone     string `json:"zone"`
	Count    int    `json:"count"`
	Unused   int    `json:"unused"`
	Targeted bool   `json:"targeted"`
}

// Image is a machine image.
type Image struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Queue is a queue with how many messages it has.
type Queue struct {
	Name     string `json:"name"`
	Messages int    `json:"messages"`
	Hidden   int    `json:"hidden"` // of them, received and not deleted
}

// Group is a group of instances of one size.
type Group struct {
	Name    string `json:"name"`
	Status  string `json:"status"` // "" while there is nothing to say
	Min     int32  `json:"min"`
	Max     int32  `json:"max"`
	Desired int32  `json:"desired"`
	// Instances with the state that they are in for the group, "i-… InService".
	Instances []string `json:"instances,omitempty"`
}

// Line of the log.
type Line struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// look describes a world, with the last lines of its log.
func look(s *awssim.Server, lines int) State {
	out := State{
		Instances: []Instance{}, Images: []Image{}, Reservations: []Reservation{}, Queues: []Queue{}, Groups: []Group{}, NodeGroups: []Group{}, Log: []Line{}, Requests: s.Counts(),
	}
	s.Do(func(w *world.World) {
		cfg := w.Config()
		out.Region, out.Account, out.Cluster, out.Now = cfg.Region, cfg.Account, cfg.Cluster, world.Time(w.Now())
		for _, i := range w.Launches() {
			if i.Terminated == 0 || w.Now() < i.Terminated.Add(cluster.Hour) {
				out.Instances = append(out.Instances, describe(w, i))
			}
		}
		for _, i := range w.Images() {
			out.Images = append(out.Images, Image{i.ID, i.Name})
		}
		for _, r := range w.Reservations() {
			if r.Active() {
				out.Reservations = append(out.Reservations, Reservation{r.ID, r.Type, r.Zone, r.Count, w.Unused(r), r.Targeted})
			}
		}
		for _, q := range w.Queues() {
			all, hidden := w.Count(q)
			out.Queues = append(out.Queues, Queue{q.Name, all, hidden})
		}
		out.groups(s)
		log := w.Log(max(w.LogEnd()-lines, 0))
		out.LogFrom = w.LogEnd() - len(log)
		for _, e := range log {
			out.Log = append(out.Log, Line{world.Time(e.At), e.Text})
		}
	})
	return out
}

// groups describes the groups of Auto Scaling, and EKS's on them.
func (out *State) groups(s *awssim.Server) {
	for _, x := range s.Scaling().All() {
		g := Group{Name: *x.AutoScalingGroupName, Min: *x.MinSize, Max: *x.MaxSize, Desired: *x.DesiredCapacity}
		if x.Status != nil {
			g.Status = *x.Status
		}
		for _, m := range x.Members() {
			g.Instances = append(g.Instances, m.ID+" "+string(m.State))
		}
		out.Groups = append(out.Groups, g)
	}
	for _, n := range s.Compute().NodeGroups() {
		size := n.ScalingConfig
		out.NodeGroups = append(out.NodeGroups, Group{Name: *n.NodegroupName, Status: string(n.Status), Min: *size.MinSize, Max: *size.MaxSize, Desired: *size.DesiredSize})
	}
}

func describe(w *world.World, i *world.Instance) Instance {
	out := Instance{
		ID: i.ID, Type: i.Type, Zone: i.Zone, CapacityType: i.Offering().CapacityType, State: string(i.TrueState()), Node: i.PrivateDNS,
		Launched: world.Time(i.Launched), Tags: map[string]string{},
	}
	if i.TrueState() == provider.Running && i.Booted == 0 && !i.Elsewhere {
		out.State = "booting"
	}
	for _, t := range w.Tags(i.ID) {
		out.Tags[t.Key] = t.Value
	}
	return out
}
