package cluster

// The records of dynamic resource allocation (resource.k8s.io/v1): devices of nodes,
// and what pods claim of them.

// ResourceSlice lists devices of a node.
type ResourceSlice struct {
	Name     string
	Revision string
	// Node that the devices are on; "" for devices that are not of one node, which are
	// not counted.
	Node string
	// Pool of its driver that the slice is a part of: of its highest Generation there
	// must be Slices, or nothing of the pool can be had.
	Driver, Pool       string
	Generation, Slices int64
	Devices            []Device
}

// Device is one device of a slice.
type Device struct {
	Name string
	// Unusable says why it cannot be planned with, e.g. "is a part of another device";
	// "" if it can. Tainted: not now, but one on a new node could.
	Unusable string
	Tainted  bool
	// Properties are what selectors look at. Whoever makes selectors knows their form.
	Properties any
}

// DeviceID names a device: pools are of a driver, and devices of a pool.
type DeviceID struct{ Driver, Pool, Name string }

// DeviceSelector picks devices.
type DeviceSelector struct {
	Expression string // CEL, as it was written
	// Matches tells whether a device of a driver is picked, or why that cannot be
	// said. The answer depends on the arguments alone.
	Matches func(driver string, d *Device) (bool, error)
}

// DeviceClass is a kind of devices: those that all of its selectors pick.
type DeviceClass struct {
	Name      string
	Revision  string
	Selectors []DeviceSelector
}

// DeviceRequest asks for devices of a class.
type DeviceRequest struct {
	Name      string
	Class     string // name of the DeviceClass
	Selectors []DeviceSelector
	// Count is how many; 0 for all that a node has, of which there must be one.
	Count int64
}

// ResourceClaim is a claim to devices, for one pod or several.
type ResourceClaim struct {
	Namespace, Name string
	Revision        string
	Requests        []DeviceRequest
	// Refused names what of it is not honoured.
	Refused []string
	// MadeFor is the UID of the pod that it was made for from a template, "" for one
	// that somebody wrote.
	MadeFor  string
	Deleting bool
	// Allocated: it has Devices, which the nodes that Nodes match can use (ORed, nil
	// means any). Users are the UIDs of the pods that it is kept for; no more than
	// [MaxUsers].
	Allocated bool
	Nodes     []Term
	Devices   []DeviceID
	Users     []string
}

const (
	// MaxUsers is how many pods can share a claim.
	MaxUsers = 256
	// maxDevices is how many devices a claim can have.
	maxDevices = 32
	// NotMade stands in [Pod.Claims] for a claim that is yet to be made from a template.
	NotMade = "?"
)

// DevicesOf is the prefix of the resources that count the devices a request could
// have, behind "all " if it wants them all; the class follows and, in parentheses, the
// selectors of the request.
const DevicesOf = "devices of "

// name is the resource that counts the devices that r could have.
func (r *DeviceRequest) name() string {
	text := DevicesOf + r.Class
	if r.Count == 0 {
		text = "all " + text
	}
	for i, s := range r.Selectors {
		if i == 0 {
			text += " ("
		} else {
			text += " && "
		}
		text += s.Expression
	}
	if len(r.Selectors) > 0 {
		text += ")"
	}
	return text
}

// ClassClaim is a claim of the pods of a class.
type ClassClaim struct {
	// ID is the claim if pods share it: who comes second has no devices of its own and
	// must be where the first is. "" where each pod has one of its own.
	ID string
	// Nodes can use the devices that the claim has: terms are ORed, nil means any.
	Nodes []Term
	// Asks are what it waits for.
	Asks []DeviceAsk
}

// DeviceAsk is a request as a part of a [Vector].
type DeviceAsk struct {
	Resource int   // component
	Count    int64 // 0 for all that the node has
}

// Exact tells whether all that the pods of the class want of devices is in their
// requests: none share a claim, and none want all that there is.
func (c *Class) Exact() bool {
	for i := range c.Claims {
		if c.Claims[i].ID != "" {
			return false
		}
		for _, a := range c.Claims[i].Asks {
			if a.Count == 0 {
				return false
			}
		}
	}
	return true
}

// Unmatched tells whether an amount of devices says that a place has none that would
// do, although it has others that some of its requests could be for.
func Unmatched(v int64) bool { return v >= noLimit }
