package world

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// Profile is an IAM instance profile.
type Profile struct {
	Name, ID string
	Path     string // begins and ends with a slash
	Created  cluster.Instant
	Role     string // "" for none
	// EC2 learns later of what IAM says: from when on it knows the profile, and its role.
	known, roleKnown cluster.Instant
}

// How long it takes until EC2 has learned of a change in IAM, at speed 1. AWS says only
// that it takes a while ("IAM is eventually consistent"); people see seconds.
const propagationMin, propagationMax = 3 * cluster.Second, 12 * cluster.Second

// propagated is when EC2 learns of a change that is made now.
func (w *World) propagated(what, name string) cluster.Instant {
	span := hash(w.cfg.Seed, "propagation", what, name, int64(w.now)) % uint64(propagationMax-propagationMin)
	return w.now.Add(cluster.Duration(float64(propagationMin+cluster.Duration(span)) / w.cfg.Speed))
}

// CreateProfile makes an instance profile at a path; false if the name is taken.
func (w *World) CreateProfile(name, path string) (*Profile, bool) {
	if w.Profile(name) != nil {
		return nil, false
	}
	p := &Profile{Name: name, ID: w.NewID("AIPA"), Path: path, Created: w.now, known: w.propagated("profile", name)}
	w.profiles = append(w.profiles, p)
	w.Note("instance profile %s", name)
	return p, true
}

// SetRole gives a profile a role, or takes it away with "".
func (w *World) SetRole(p *Profile, role string) {
	p.Role, p.roleKnown = role, max(p.known, w.propagated("role", p.Name))
	w.Note("instance profile %s has the role %q", p.Name, role)
}

// Launchable tells what EC2 knows by now: of the profile, and of its role.
func (w *World) Launchable(p *Profile) (profile, role bool) {
	return w.now >= p.known, p.Role != "" && w.now >= p.roleKnown
}

// DeleteProfile removes an instance profile.
func (w *World) DeleteProfile(p *Profile) {
	w.profiles = slices.DeleteFunc(w.profiles, func(other *Profile) bool { return other == p })
	delete(w.tags, p.ID)
	w.Note("instance profile %s deleted", p.Name)
}

// Profiles lists the instance profiles in the order in which they were made.
func (w *World) Profiles() []*Profile { return slices.Clone(w.profiles) }

// Profile finds an instance profile by name, nil if there is none.
func (w *World) Profile(name string) *Profile {
	i := slices.IndexFunc(w.profiles, func(p *Profile) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return w.profiles[i]
}

// NodeProfile is the name of the instance profile that nodes of the cluster have.
func (w *World) NodeProfile() string { return w.cfg.Cluster + "-node" }
