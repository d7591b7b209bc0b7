package world

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// Image is a machine image that Amazon publishes.
type Image struct {
	ID, Name, Description string
	// Arch is x86_64 or arm64.
	Arch string
	// Owner is Amazon's account, and the alias under which it is known.
	Owner, Alias string
	Created      cluster.Instant
	// RootDevice is the name of the root volume, SizeGiB its size.
	RootDevice string
	SizeGiB    int32
}

// family is a kind of image, with the parameter that says which is the newest.
type family struct {
	name, description string
	sizeGiB           int32
	owner             string
	// paths of parameters, with K for the version of Kubernetes, A for the architecture,
	// R for the release and N for its number: one for the newest, one for each release.
	latest, pinned string
	// version is the parameter with the release that latest is of, in the words of node
	// groups: their users compare that with what they have.
	version       string
	architectures []string
}

// families after the public names of AWS's images for EKS.
var families = []family{
	al2023("standard", "", "x86_64", "arm64"), bottlerocket("", "", "x86_64", "arm64"),
	al2023("nvidia", " with NVIDIA's driver", "x86_64", "arm64"), al2023("neuron", " with the Neuron driver", "x86_64"),
	bottlerocket("-nvidia", " with NVIDIA's driver", "x86_64", "arm64"),
}

func al2023(variant, with string, architectures ...string) family {
	name := "amazon-eks-node-al2023-A-" + variant + "-K-R"
	path := "/aws/service/eks/optimized-ami/K/amazon-linux-2023/A/" + variant + "/"
	return family{
		name, "EKS-optimized Kubernetes node based on Amazon Linux 2023" + with, 20, "602401143452",
		path + "recommended/image_id", path + name + "/image_id", path + "recommended/release_version", architectures,
	}
}

func bottlerocket(variant, with string, architectures ...string) family {
	path := "/aws/service/bottlerocket/aws-k8s-K" + variant + "/A/"
	return family{
		"bottlerocket-aws-k8s-K" + variant + "-A-R", "Bottlerocket for Kubernetes" + with, 2, "092701018921",
		path + "latest/image_id", path + "N/image_id", path + "latest/image_version", architectures,
	}
}

// ReleaseImages publishes a release of every family and moves the parameters of the
// newest to it. A release is a name like v20261101; of one that was published before,
// nothing moves. Some of its images may be there already, see imageLike.
func (w *World) ReleaseImages(release string) error {
	if release == "" || strings.ContainsAny(release, "/ ") {
		return fmt.Errorf("release images: %q is no name of a release; want one like v20261101", release)
	}
	fresh := false
	latest := map[string]string{}
	for _, f := range families {
		for _, arch := range f.architectures {
			i, made := w.makeImage(f, arch, release)
			fresh = fresh || made
			latest[f.named(w.cfg.Kubernetes, arch, release, f.latest)] = i.ID
			latest[f.named(w.cfg.Kubernetes, arch, release, f.version)] = w.ReleaseVersion(release)
		}
	}
	if !fresh {
		return fmt.Errorf("release images: %s has been released before", release)
	}
	for _, name := range slices.Sorted(maps.Keys(latest)) {
		w.SetParameter(name, latest[name])
	}
	w.Note("release images %s", release)
	return nil
}

// ReleaseVersion is how node groups call a release: by the version of Kubernetes and the
// day, 1.36.0-20261101.
func (w *World) ReleaseVersion(release string) string {
	return w.cfg.Kubernetes + ".0-" + strings.TrimPrefix(release, "v")
}

// makeImage publishes one image, with the parameter of its release; false if it is there.
func (w *World) makeImage(f family, arch, release string) (_ *Image, made bool) {
	i := &Image{
		Name: f.named(w.cfg.Kubernetes, arch, release, f.name), Description: f.description, Arch: arch, Owner: f.owner, Alias: "amazon",
		Created: w.now, RootDevice: "/dev/xvda", SizeGiB: f.sizeGiB,
	}
	i.ID = w.fixedID("ami-", i.Name)
	for _, other := range w.images {
		if other.ID == i.ID {
			return other, false
		}
	}
	w.images = append(w.images, i)
	w.SetParameter(f.named(w.cfg.Kubernetes, arch, release, f.pinned), i.ID)
	return i, true
}

// named fills in a name or a path of a family.
func (f family) named(kubernetes, arch, release, pattern string) string {
	return strings.NewReplacer("K", kubernetes, "A", arch, "R", release, "N", strings.TrimPrefix(release, "v")).Replace(pattern)
}

// Images lists the images, oldest first.
func (w *World) Images() []Image {
	out := make([]Image, len(w.images))
	for k, i := range w.images {
		out[k] = *i
	}
	return out
}

// Image finds an image by id.
func (w *World) Image(id string) (Image, bool) {
	for _, i := range w.images {
		if i.ID == id {
			return *i, true
		}
	}
	return Image{}, false
}

// RemoveImage deregisters an image: instances that have it go on, new ones cannot be
// launched. Parameters still name it, as AWS's do for a while.
func (w *World) RemoveImage(id string) error {
	before := len(w.images)
	w.images = slices.DeleteFunc(w.images, func(i *Image) bool { return i.ID == id })
	if len(w.images) == before {
		return fmt.Errorf("remove image %s: %w", id, errNone)
	}
	w.Note("deregister image %s", id)
	return nil
}

// SetParameter writes a value into the Parameter Store; "" removes it.
func (w *World) SetParameter(name, value string) {
	if value == "" {
		delete(w.parameters, name)
		w.Note("parameter %s is gone", name)
		return
	}
	w.parameters[name] = Parameter{name, value, w.parameters[name].Version + 1, w.now}
	w.Note("parameter %s = %s", name, value)
}

// Parameter is a value in the Parameter Store, with its version and when it was set.
type Parameter struct {
	Name, Value string
	Version     int64
	Modified    cluster.Instant
}

// Parameter finds a value in the Parameter Store.
func (w *World) Parameter(name string) (Parameter, bool) {
	p, ok := w.parameters[name]
	return p, ok
}

// Parameters lists what is in the Parameter Store at or below a path, by name.
func (w *World) Parameters(path string) []Parameter {
	var out []Parameter
	for _, name := range slices.Sorted(maps.Keys(w.parameters)) {
		if name == path || strings.HasPrefix(name, strings.TrimSuffix(path, "/")+"/") {
			out = append(out, w.parameters[name])
		}
	}
	return out
}
