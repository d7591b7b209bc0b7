package nodeclass

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/aws/userdata"
)

// Config is the cluster that nodes are for.
type Config struct {
	// Name of the cluster and its region.
	Cluster, Region string
	// Endpoint of its API server, the certificates of its authority (PEM in base64), the
	// block of its Services' addresses and its version ("1.36"). What is "" is asked of EKS.
	Endpoint, CA, ServiceCIDR, Version string
	// DefaultProfile is the instance profile of nodes of an AWSNodeTemplate that names none,
	// "" for none.
	DefaultProfile string
	// LaunchTag is the tag by which instances carry what their class said ([Class.Template]);
	// "" if they do not.
	LaunchTag string
	// Speed divides for how long answers are remembered, and what else lasts as long as AWS
	// says, where AWS is simulated and runs faster than the clock; 0 means 1.
	Speed int64
}

// Clients are the services that are asked.
type Clients struct {
	EC2 *ec2.Client
	SSM *ssm.Client
	IAM *iam.Client
	EKS *eks.Client
}

// Resolver resolves the node classes of one cluster. Its methods may be called
// concurrently. What it remembers only spares calls.
type Resolver struct {
	cfg Config
	Clients
	now    func() cluster.Instant
	memory memory
	shelf  shelf
}

// New makes a resolver with the clock now.
func New(cfg Config, clients Clients, now func() cluster.Instant) *Resolver {
	return &Resolver{cfg: cfg, Clients: clients, now: now, memory: memory{kept: map[string]answer{}}, shelf: shelf{since: map[string]cluster.Instant{}, given: map[string]cluster.Instant{}}}
}

// Resolve says what a class means now. A class with mistakes is no error: its conditions
// say so, and so they do if the operator lacks a right. An error is passing: the network,
// AWS itself, credentials that have expired.
func (r *Resolver) Resolve(ctx context.Context, nc cluster.NodeClass) (*Class, error) {
	f := &findings{}
	c := &Class{Ref: nc.Ref}
	if isTemplate(nc.Ref) {
		c.Spec = f.readTemplate(nc, r.cfg.DefaultProfile)
		c.Family = userdata.Family(c.Spec.AMIFamily)
	} else {
		c.Spec = f.readClass(nc)
		c.Family = f.family(c.Spec)
	}
	f.check(c.Spec)
	if nc.DeletingAt != 0 {
		f.add(cluster.ReadyCondition, "NodeClassTerminating", "the node class is being deleted")
	}
	for _, part := range []struct {
		condition, what string
		find            func(context.Context, *Class, *findings) error
	}{
		{ValidationSucceeded, "the cluster", r.cluster},
		{SubnetsReady, "subnets", r.subnets},
		{SecurityGroupsReady, "security groups", r.securityGroups},
		{AMIsReady, "images", r.images},
		{CapacityReservationsReady, "capacity reservations", r.reservations},
		{PlacementGroupReady, "the placement group", r.placementGroup},
		{InstanceProfileReady, "the instance profile", r.instanceProfile},
	} {
		err := part.find(ctx, c, f)
		if right := lacking(err); right != "" {
			f.add(part.condition, "NotAuthorized", "%s", right)
		} else if err != nil {
			return nil, fmt.Errorf("node class %s: %s: %w", nc.Ref.Name, part.what, err)
		}
	}
	f.oneNetwork(c)
	f.userData(c)
	c.Template = templateOf(c.Spec, c.Family)
	if err := r.rehearse(ctx, c, f); err != nil {
		return nil, fmt.Errorf("node class %s: whether EC2 would launch it: %w", nc.Ref.Name, err)
	}
	c.Conditions = f.conditions(nc.Conditions, r.now())
	return c, nil
}

// cluster finds out what nodes join.
func (r *Resolver) cluster(ctx context.Context, c *Class, f *findings) error {
	known, err := r.describeCluster(ctx)
	if code(err) == "ResourceNotFoundException" {
		f.add(ValidationSucceeded, "ClusterNotFound", "EKS has no cluster %s in %s; nodes are to join the one that the operator is told", r.cfg.Cluster, r.cfg.Region)
		return nil
	}
	c.Cluster = userdata.Cluster{Name: r.cfg.Cluster, Endpoint: known.Endpoint, CA: known.CA, ServiceCIDR: known.ServiceCIDR}
	return err
}

// describeCluster completes the configuration by what EKS knows.
func (r *Resolver) describeCluster(ctx context.Context) (Config, error) {
	known := r.cfg
	if known.Endpoint != "" && known.CA != "" && known.ServiceCIDR != "" && known.Version != "" {
		return known, nil
	}
	found, err := remembered(r, "cluster", 5*cluster.Minute, func() (Config, error) {
		out, err := r.EKS.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: &r.cfg.Cluster})
		if err != nil {
			return Config{}, err
		}
		return configOf(out.Cluster), nil
	})
	for _, x := range []struct {
		into *string
		from string
	}{{&known.Endpoint, found.Endpoint}, {&known.CA, found.CA}, {&known.ServiceCIDR, found.ServiceCIDR}, {&known.Version, found.Version}} {
		if *x.into == "" {
			*x.into = x.from
		}
	}
	return known, err
}
