package command

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"

	"github.com/spf13/pflag"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/internal/wall"
	"github.com/ullage-sh/ullage/provider"
	"github.com/ullage-sh/ullage/provider/aws"
	"github.com/ullage-sh/ullage/provider/aws/nodeclass"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// cloudFlags are the settings of the cloud that nodes are bought from. Those of AWS can
// also be given in the environment, under the names that Karpenter's have there.
type cloudFlags struct {
	provider, region string
	speed            int64
	seed             uint64

	cluster, endpoint, ca, queue string
	profile, awsEndpoint         string
	vmOverhead                   float64
	reservedENIs                 int64
	prefixes                     bool
}

// add adds them to a command. A setting in the environment that cannot be read is an
// error of the command, when it runs.
func (f *cloudFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.provider, "provider", "", "cloud that nodes are bought from (aws, simulated)")
	flags.StringVar(&f.region, "region", "", "region of the cloud; for aws that of the environment or AWS's configuration file if it is not said, for simulated "+simulatedRegion)
	flags.Int64Var(&f.speed, "speed", 1, "divide the waits of the engine and of a simulated cloud")
	flags.Uint64Var(&f.seed, "seed", 1, "seed of a simulated cloud")
	flags.StringVar(&f.cluster, "cluster-name", os.Getenv("CLUSTER_NAME"), "aws: name of the EKS cluster that nodes join ($CLUSTER_NAME)")
	flags.StringVar(&f.endpoint, "cluster-endpoint", os.Getenv("CLUSTER_ENDPOINT"), "aws: URL of its API server; asked of EKS if it is not said ($CLUSTER_ENDPOINT)")
	flags.StringVar(&f.ca, "cluster-ca-bundle", os.Getenv("CLUSTER_CA_BUNDLE"), "aws: certificates of its authority, PEM in base64; asked of EKS if it is not said ($CLUSTER_CA_BUNDLE)")
	flags.StringVar(&f.queue, "interruption-queue", os.Getenv("INTERRUPTION_QUEUE"), "aws: name of the SQS queue on which interruptions are announced; empty for none ($INTERRUPTION_QUEUE)")
	flags.StringVar(&f.profile, "default-instance-profile", os.Getenv("AWS_DEFAULT_INSTANCE_PROFILE"), "aws: instance profile of nodes of an AWSNodeTemplate that names none ($AWS_DEFAULT_INSTANCE_PROFILE)")
	flags.StringVar(&f.awsEndpoint, "aws-endpoint", "", "aws: URL that stands for all of AWS's services, such as ullage-lab aws serve ($AWS_ENDPOINT_URL)")
	flags.Float64Var(&f.vmOverhead, "vm-memory-overhead-percent", number("VM_MEMORY_OVERHEAD_PERCENT", 0.075), "aws: share of an instance's memory that its kubelet does not see, until nodes of the type have told ($VM_MEMORY_OVERHEAD_PERCENT)")
	flags.Int64Var(&f.reservedENIs, "reserved-enis", int64(number("RESERVED_ENIS", 0)), "aws: network interfaces of each node that are not for pods ($RESERVED_ENIS)")
	flags.BoolVar(&f.prefixes, "prefix-delegation", false, "aws: the VPC CNI gives nodes blocks of addresses (ENABLE_PREFIX_DELEGATION), so that they take more pods")
}

// number reads a setting in the environment; what is none becomes one that open refuses.
func number(name string, fallback float64) float64 {
	text := os.Getenv(name)
	if text == "" {
		return fallback
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return -1
	}
	return v
}

// simulatedRegion is where the simulated cloud is unless another region is said.
const simulatedRegion = "ap-northeast-2"

// open reaches the cloud.
func (f *cloudFlags) open(ctx context.Context, log *slog.Logger) (provider.Provider, error) {
	c, err := catalog.Embedded()
	if err != nil {
		return nil, err
	}
	switch f.provider {
	case "simulated":
		return f.simulated(c)
	case "aws":
		return f.aws(ctx, c, log)
	case "":
		return nil, fmt.Errorf("say which cloud nodes are bought from: --provider=aws or --provider=simulated")
	}
	return nil, fmt.Errorf("--provider is %q: there are aws and simulated", f.provider)
}

func (f *cloudFlags) simulated(c *catalog.Catalog) (provider.Provider, error) {
	region := cmp.Or(f.region, simulatedRegion)
	types, _, err := c.InstanceTypes(region, catalog.DefaultSizing(), f.seed)
	if err != nil {
		return nil, fmt.Errorf("--region: %w", err)
	}
	cloud, err := simulated.New(simulated.Config{Region: region, Types: types, Seed: f.seed, Speed: float64(max(f.speed, 1))}, wall.Now())
	if err != nil {
		return nil, err
	}
	return simulated.NewProvider(cloud, wall.Now, wall.Sleep), nil
}

func (f *cloudFlags) aws(ctx context.Context, c *catalog.Catalog, log *slog.Logger) (provider.Provider, error) {
	switch {
	case f.cluster == "":
		return nil, fmt.Errorf("--cluster-name (or $CLUSTER_NAME): say which EKS cluster nodes are to join")
	case f.vmOverhead < 0 || f.vmOverhead >= 1:
		return nil, fmt.Errorf("--vm-memory-overhead-percent (or $VM_MEMORY_OVERHEAD_PERCENT): want a share like 0.075, from 0 up to 1")
	case f.reservedENIs < 0:
		return nil, fmt.Errorf("--reserved-enis (or $RESERVED_ENIS): want a number of network interfaces, 0 or more")
	}
	clients, err := aws.Connect(ctx, aws.Connection{Region: f.region, Endpoint: f.awsEndpoint, Patience: aws.Patience{Sleep: wall.Sleep, Jitter: rand.Float64}})
	if err != nil {
		return nil, err
	}
	return aws.New(aws.Config{
		Cluster: nodeclass.Config{Cluster: f.cluster, Region: clients.Region, Endpoint: f.endpoint, CA: f.ca, DefaultProfile: f.profile},
		Clients: clients, Queue: f.queue, Catalog: c,
		Tell:          func(problem string) { log.Warn("aws: " + problem) },
		VMOverheadPPM: int64(f.vmOverhead * 1e6), ReservedENIs: f.reservedENIs, PrefixDelegation: f.prefixes,
		Speed: f.speed, Now: wall.Now, Sleep: wall.Sleep,
	}), nil
}
