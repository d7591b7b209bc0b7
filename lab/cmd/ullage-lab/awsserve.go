package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/internal/wall"
	"github.com/ullage-sh/ullage/lab/endpoint"
	"github.com/ullage-sh/ullage/lab/running"
)

// awsServe is what aws serve is told.
type awsServe struct {
	world       world.Config
	endpoint    endpoint.Config
	credentials string
}

func awsServeCommand() *cobra.Command {
	var o awsServe
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve a simulated AWS until Ctrl-C",
		Long: `Serve a simulated AWS until Ctrl-C.

It is an account in one region with a network, images and the EKS cluster --cluster, and
forgets everything when it ends. It prints the environment in which the aws command line
and SDKs find it.

Only this machine reaches it, and it believes whoever signs a request, unless --credentials
names the access keys that there are. With those --listen may be any address; other than
the loopback device it is served with TLS, by a certificate of its own or by --tls-cert.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	f := cmd.Flags()
	f.StringVar(&o.endpoint.Listen, "listen", "127.0.0.1:0", "address and port, 0 for a free one")
	f.StringVar(&o.endpoint.Cert, "tls-cert", "", "certificate to serve with (PEM)")
	f.StringVar(&o.endpoint.Key, "tls-key", "", "its key (PEM)")
	f.StringVar(&o.credentials, "credentials", "", "check signatures: new makes an access key, a file has them as ~/.aws/credentials does")
	f.StringVar(&o.world.Region, "region", "us-west-2", "region: ap-northeast-2, us-east-1 or us-west-2")
	f.StringVar(&o.world.Cluster, "cluster", "ullage", "name of the EKS cluster")
	f.StringVar(&o.world.Endpoint, "cluster-endpoint", "", "URL of its API server, as DescribeCluster tells it")
	f.Uint64Var(&o.world.Seed, "seed", 1, "seed of everything random")
	f.Float64Var(&o.world.Speed, "speed", 1, "divide how long AWS takes for everything")
	f.BoolVar(&o.world.Hazard, "hazard", false, "take Spot instances back as often as AWS does")
	return cmd
}

func (o *awsServe) run(cmd *cobra.Command) (err error) {
	a := running.AWS{Region: o.world.Region, Started: time.Now(), Key: running.AnyKey, Secret: "any"}
	if (o.endpoint.Cert == "") != (o.endpoint.Key == "") {
		return errors.New("--tls-cert and --tls-key go together")
	}
	switch o.credentials {
	case "":
	case "new":
		a.Key, a.Secret = endpoint.NewCredentials()
		o.endpoint.Secrets = map[string]string{a.Key: a.Secret}
	default:
		if o.endpoint.Secrets, a.Key, err = endpoint.ReadCredentials(o.credentials); err != nil {
			return err
		}
		a.Secret = o.endpoint.Secrets[a.Key]
	}
	if o.endpoint.Dir, err = os.MkdirTemp("", "ullage-lab-aws-"); err != nil {
		return fmt.Errorf("temporary directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.endpoint.Dir)) }()
	if !(o.world.Speed > 0) {
		return fmt.Errorf("--speed is %v: want a positive number", o.world.Speed)
	}
	o.endpoint.Speed = o.world.Speed
	if o.endpoint.World, err = world.New(o.world, wall.Now()); err != nil {
		return err
	}
	e, err := endpoint.Start(cmd.Context(), o.endpoint)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Stop()) }()
	a.URL, a.CA, a.Token = e.URL(), e.CA(), e.Token()
	remove, err := running.AnnounceAWS(a)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	if err := printEnvironment(cmd.OutOrStdout(), a); err != nil {
		return err
	}
	<-cmd.Context().Done()
	return nil
}
