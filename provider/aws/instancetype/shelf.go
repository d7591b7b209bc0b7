package instancetype

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
)

// Sold is an instance type with the zones that it is sold in, sorted.
type Sold struct {
	catalog.Type
	Zones []string
}

// Stay is how long what EC2 said is taken for true: it adds types a few times a year. After
// a failure it is asked again sooner.
const (
	Stay       = 12 * cluster.Hour
	FailedStay = 5 * cluster.Minute
)

// Shelf is what a region sells. Its methods may be called concurrently.
type Shelf struct {
	client *ec2.Client
	now    func() cluster.Instant

	reading sync.Mutex // held while EC2 is asked

	mu       sync.Mutex
	again    cluster.Instant // when to ask EC2 next
	edition  int
	sold     []Sold // by name; never changed, only replaced
	reported map[machine]int64
}

// machine is what decides about the memory that a kubelet finds.
type machine struct{ instanceType, image string }

// NewShelf makes a shelf that asks client when it has to.
func NewShelf(client *ec2.Client, now func() cluster.Instant) *Shelf {
	return &Shelf{client: client, now: now, reported: map[machine]int64{}}
}

// Types returns what is sold, sorted by name, and a number that changes with it. Nobody
// may change what it points to. When EC2 cannot be asked again, what it said last holds;
// it is an error only if it never said anything.
func (s *Shelf) Types(ctx context.Context) ([]Sold, int, error) {
	if sold, edition, fresh := s.known(); fresh {
		return sold, edition, nil
	}
	s.reading.Lock()
	defer s.reading.Unlock()
	sold, edition, fresh := s.known()
	if fresh {
		return sold, edition, nil // somebody else has asked meanwhile
	}
	asked, err := s.ask(ctx)
	if err != nil {
		if sold != nil && ctx.Err() == nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.again = s.now().Add(FailedStay)
			return sold, edition, nil
		}
		return nil, 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sold, s.again = asked, s.now().Add(Stay)
	s.edition++
	return s.sold, s.edition, nil
}

func (s *Shelf) known() ([]Sold, int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sold, s.edition, s.sold != nil && s.now() < s.again
}

// ask reads types and zones from EC2.
func (s *Shelf) ask(ctx context.Context) ([]Sold, error) {
	zones := map[string][]string{}
	offers := ec2.NewDescribeInstanceTypeOfferingsPaginator(s.client, &ec2.DescribeInstanceTypeOfferingsInput{LocationType: types.LocationTypeAvailabilityZone, MaxResults: aws.Int32(1000)})
	for offers.HasMorePages() {
		page, err := offers.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("asking where instance types are sold: %w", err)
		}
		for _, o := range page.InstanceTypeOfferings {
			zones[string(o.InstanceType)] = append(zones[string(o.InstanceType)], aws.ToString(o.Location))
		}
	}
	all := map[string]Sold{}
	infos := ec2.NewDescribeInstanceTypesPaginator(s.client, &ec2.DescribeInstanceTypesInput{
		MaxResults: aws.Int32(100),
		Filters: []types.Filter{
			{Name: aws.String("supported-virtualization-type"), Values: []string{"hvm"}},
			{Name: aws.String("processor-info.supported-architecture"), Values: []string{"x86_64", "arm64"}},
		},
	})
	for infos.HasMorePages() {
		page, err := infos.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("asking for instance types: %w", err)
		}
		for _, info := range page.InstanceTypes {
			t := Sold{Type: Facts(info), Zones: zones[string(info.InstanceType)]}
			slices.Sort(t.Zones)
			if len(t.Zones) > 0 {
				all[t.Name] = t
			}
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("EC2 sells no instance type in this region: check the region and the endpoint")
	}
	return slices.SortedFunc(maps.Values(all), func(a, b Sold) int { return strings.Compare(a.Name, b.Name) }), nil
}

// Report takes note of the memory, in bytes, that the kubelet of a node found on an
// instance of a type with an image. The least that was seen of several counts, since a
// pod must fit on each. It tells whether that is news.
func (s *Shelf) Report(instanceType, image string, memory int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := machine{instanceType, image}
	if old, known := s.reported[m]; memory <= 0 || (known && old <= memory) {
		return false
	}
	s.reported[m] = memory
	s.edition++
	return true
}

// Size is what a node has on a type with an image, and what of it pods may use: as nodes
// have reported it, or else as sizing works it out.
func (s *Shelf) Size(t catalog.Type, image string, sizing catalog.Sizing) (capacity, allocatable cluster.Resources, err error) {
	s.mu.Lock()
	memory, known := s.reported[machine{t.Name, image}]
	s.mu.Unlock()
	if !known {
		return sizing.Node(t)
	}
	return sizing.NodeWithMemory(t, memory)
}
