package catalog

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

//go:embed ec2-catalog.json.gz
var embedded []byte

// EmbeddedName is the name under which errors speak of the built-in catalogue.
const EmbeddedName = "built-in catalogue"

// maxSize bounds an unpacked catalogue. The built-in one has 1 MiB; without a
// bound, a wrong gzip file could fill the memory.
const maxSize = 256 << 20

// Catalog is a set of instance types and their regions. It is never changed
// after it was read, and may be used concurrently.
type Catalog struct {
	source  string
	regions []string
	types   []Type // sorted by name
}

// Type is an instance type as EC2 describes it.
type Type struct {
	Name string `json:"-"`

	VCPU      int64 `json:"vcpu"`
	MemoryMiB int64 `json:"memoryMiB"`
	// Arch are EC2's names: x86_64, arm64, i386, arm64_mac, x86_64_mac.
	Arch []string `json:"arch"`
	// Manufacturer of the CPU: Intel, AMD, AWS, Apple.
	Manufacturer string `json:"manufacturer"`
	// Hypervisor is nitro or xen, "" for bare metal.
	Hypervisor        string `json:"hypervisor"`
	BareMetal         bool   `json:"bareMetal"`
	Burstable         bool   `json:"burstable"`
	CurrentGeneration bool   `json:"currentGeneration"`

	// MaxENIs is the number of network interfaces of the default network card,
	// IPv4PerENI how many addresses each can hold.
	MaxENIs    int64 `json:"maxENIs"`
	IPv4PerENI int64 `json:"ipv4PerENI"`
	// Network bandwidth of the default network card, Gbit/s.
	NetworkBaselineGbps float64 `json:"networkBaselineGbps"`
	NetworkPeakGbps     float64 `json:"networkPeakGbps"`
	// LocalNVMeGB is the size of all instance store disks, decimal GB.
	LocalNVMeGB       int64 `json:"localNVMeGB"`
	EBSMaxAttachments int64 `json:"ebsMaxAttachments"`
	GPU               *GPU  `json:"gpu"`

	// What follows is not in a catalogue's file; EC2 tells it. Zero is not known.
	//
	// EBSMbps is the most that its volumes get together, Mbit/s, ClockMHz the sustained
	// clock speed.
	EBSMbps, ClockMHz int64 `json:"-"`
	// Encrypted: traffic between instances is encrypted in transit; nil if not known.
	Encrypted *bool `json:"-"`
	// Accelerator beside GPUs; nil leaves it to a table of what there was in 2025.
	Accelerator *Accelerator `json:"-"`

	// UsageClasses are the ways to buy it: on-demand, spot, capacity-block.
	UsageClasses []string `json:"usageClasses"`
	// Offerings by region.
	Offerings map[string]Sale `json:"offerings"`
}

// GPU describes the accelerators that EC2 counts as GPUs. Count is 0 for a type
// that has a fraction of one (g6f, gr6f); memory is per GPU.
type GPU struct {
	Name         string `json:"name"`
	Manufacturer string `json:"manufacturer"`
	Count        int64  `json:"count"`
	MemoryMiB    int64  `json:"memoryMiB"`
}

// Sale is how a type is sold in one region.
type Sale struct {
	Zones    []string `json:"zones"`
	OnDemand USD      `json:"onDemand"`
	// Spot prices seen over the region's zones. The average comes from another
	// observation than the extremes and can lie outside them.
	SpotMin USD `json:"spotMin"`
	SpotAvg USD `json:"spotAvg"`
	SpotMax USD `json:"spotMax"`
	// Interruption is the band of Spot reclaims a month: "<5%", "5-10%",
	// "10-15%", "15-20%", ">20%"; "" when it was not published.
	Interruption string `json:"interruption"`
	// Imputed names the figures that were not published but estimated from the
	// type's family: "onDemand", "spot".
	Imputed []string `json:"imputed"`
}

// USD is a price per hour, read from a JSON number of dollars and kept exactly
// to the micro-dollar.
type USD cluster.Money

// UnmarshalJSON reads a number of dollars; null is no price.
func (p *USD) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil || math.Abs(f) > 1e6 {
		return fmt.Errorf("%s is not a price in dollars per hour", text)
	}
	*p = USD(math.Round(f * float64(cluster.USD)))
	return nil
}

// Embedded returns the built-in catalogue. An error means that the program was
// built from a damaged tree.
func Embedded() (*Catalog, error) { return Read(EmbeddedName, bytes.NewReader(embedded)) }

// Open reads the catalogue in a file, gzipped or not.
func Open(path string) (*Catalog, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	defer func() { _ = f.Close() }() // only read from
	return Read(path, f)
}

// Read reads a catalogue, gzipped or not; name is what errors call it. It
// returns the whole catalogue or an error, never a part.
func Read(name string, r io.Reader) (*Catalog, error) {
	c, err := read(r)
	if err != nil {
		return nil, fmt.Errorf("catalogue %s: %w; fetch the file again, or leave it out to use the built-in catalogue", name, err)
	}
	return c, nil
}

func read(r io.Reader) (*Catalog, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 {
		return nil, errors.New("the file is empty")
	}
	if raw, err = unpack(raw); err != nil {
		return nil, err
	}
	if len(raw) > maxSize {
		return nil, fmt.Errorf("more than %d MiB: this is no catalogue", maxSize>>20)
	}
	var file struct {
		Source  string          `json:"source"`
		Regions []string        `json:"regions"`
		Types   map[string]Type `json:"types"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		return nil, describe(err, len(raw))
	}
	if len(file.Types) == 0 || len(file.Regions) == 0 {
		return nil, errors.New(`it is JSON, but not a catalogue: "types" or "regions" is missing or empty`)
	}
	c := &Catalog{source: file.Source, regions: slices.Clone(file.Regions)}
	slices.Sort(c.regions)
	for _, typeName := range slices.Sorted(maps.Keys(file.Types)) {
		t := file.Types[typeName]
		t.Name = typeName
		for _, region := range slices.Sorted(maps.Keys(t.Offerings)) {
			if !slices.Contains(c.regions, region) {
				return nil, fmt.Errorf(`%s is sold in %q, which "regions" does not list`, typeName, region)
			}
			slices.Sort(t.Offerings[region].Zones)
		}
		c.types = append(c.types, t)
	}
	return c, nil
}

// unpack undoes gzip where the file is gzipped.
func unpack(raw []byte) ([]byte, error) {
	if !bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		return raw, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("its gzip header is damaged (%w)", err)
	}
	out, err := io.ReadAll(io.LimitReader(z, maxSize+1))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("the file is cut off after %d bytes", len(raw))
	}
	if err != nil {
		return nil, fmt.Errorf("it does not unpack (%w)", err)
	}
	return out, nil
}

// describe says what a JSON error means for somebody who holds the file.
func describe(err error, size int) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		if strings.Contains(syntax.Error(), "unexpected end") {
			return fmt.Errorf("the file is cut off after %d bytes", size)
		}
		return fmt.Errorf("it is not JSON (byte %d: %w)", syntax.Offset, err)
	}
	return fmt.Errorf("it is JSON, but not a catalogue (%w)", err)
}

// Source is the file's own statement of where its facts are from.
func (c *Catalog) Source() string { return c.source }

// Regions lists the regions, sorted.
func (c *Catalog) Regions() []string { return slices.Clone(c.regions) }

// Zones lists the zones of a region in which anything is sold, sorted; none for
// an unknown region.
func (c *Catalog) Zones(region string) []string {
	seen := map[string]bool{}
	for i := range c.types {
		for _, z := range c.types[i].Offerings[region].Zones {
			seen[z] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// Types lists all instance types of all regions, sorted by name. The caller
// must not change what they point to.
func (c *Catalog) Types() []Type { return slices.Clone(c.types) }

// Only returns the catalogue with the types that are to be kept.
func (c *Catalog) Only(keep func(Type) bool) *Catalog {
	out := &Catalog{source: c.source, regions: c.regions}
	for _, t := range c.types {
		if keep(t) {
			out.types = append(out.types, t)
		}
	}
	return out
}

// Type returns the instance type of that name.
func (c *Catalog) Type(name string) (Type, bool) {
	i, ok := slices.BinarySearchFunc(c.types, name, func(t Type, name string) int { return strings.Compare(t.Name, name) })
	if !ok {
		return Type{}, false
	}
	return c.types[i], true
}
