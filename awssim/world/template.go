package world

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/cluster"
)

// Template is a launch template. Its versions are kept in EC2's own words.
type Template struct {
	ID, Name string
	Created  cluster.Instant
	Versions []TemplateVersion // number 1 first
	Default  int64
}

// TemplateVersion is one version of a launch template. It is never changed.
type TemplateVersion struct {
	Number      int64
	Description string
	Created     cluster.Instant
	Data        types.ResponseLaunchTemplateData
}

// CreateTemplate makes a launch template with its first version; false if the name is
// taken.
func (w *World) CreateTemplate(name, description string, data types.ResponseLaunchTemplateData) (*Template, bool) {
	if w.Template("", name) != nil {
		return nil, false
	}
	t := &Template{ID: w.NewID("lt-"), Name: name, Created: w.now, Default: 1}
	t.Versions = []TemplateVersion{{1, description, w.now, data}}
	w.templates = append(w.templates, t)
	w.Note("launch template %s %s", t.ID, t.Name)
	return t, true
}

// AddTemplateVersion adds a version to a launch template.
func (w *World) AddTemplateVersion(t *Template, description string, data types.ResponseLaunchTemplateData) TemplateVersion {
	v := TemplateVersion{int64(len(t.Versions)) + 1, description, w.now, data}
	t.Versions = append(t.Versions, v)
	w.Note("launch template %s version %d", t.ID, v.Number)
	return v
}

// DeleteTemplate removes a launch template.
func (w *World) DeleteTemplate(t *Template) {
	w.templates = slices.DeleteFunc(w.templates, func(other *Template) bool { return other == t })
	delete(w.tags, t.ID)
	w.Note("launch template %s deleted", t.ID)
}

// Templates lists the launch templates in the order in which they were made.
func (w *World) Templates() []*Template { return slices.Clone(w.templates) }

// Template finds a launch template by id, or by name if id is "".
func (w *World) Template(id, name string) *Template {
	i := slices.IndexFunc(w.templates, func(t *Template) bool { return (id != "" && t.ID == id) || (id == "" && t.Name == name) })
	if i < 0 {
		return nil
	}
	return w.templates[i]
}

// Version finds a version by number, $Latest or $Default; "" is the default one.
func (t *Template) Version(which string) (TemplateVersion, error) {
	number := t.Default
	switch which {
	case "", "$Default":
	case "$Latest":
		number = int64(len(t.Versions))
	default:
		n, err := strconv.ParseInt(which, 10, 64)
		if err != nil {
			return TemplateVersion{}, fmt.Errorf("version %q is not a number, $Latest or $Default", which)
		}
		number = n
	}
	if number < 1 || number > int64(len(t.Versions)) {
		return TemplateVersion{}, fmt.Errorf("launch template %s has no version %d", t.ID, number)
	}
	return t.Versions[number-1], nil
}
