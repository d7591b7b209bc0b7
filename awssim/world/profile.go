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
}

// CreateProfile makes an instance profile at a path; false if the name is taken.
func (w *World) CreateProfile(name, path string) (*Profile, bool) {
	if w.Profile(name) != nil {
		return nil, false
	}
	p := &Profile{Name: name, ID: w.NewID("AIPA"), Path: path, Created: w.now}
	w.profiles = append(w.profiles, p)
	w.Note("instance profile %s", name)
	return p, true
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
