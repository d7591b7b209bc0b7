package lab

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"

	"k8s.io/client-go/kubernetes"

	"github.com/ullage-sh/ullage/awssim"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/internal/wall"
	"github.com/ullage-sh/ullage/lab/drain"
	"github.com/ullage-sh/ullage/lab/endpoint"
	"github.com/ullage-sh/ullage/lab/kubelet"
	"github.com/ullage-sh/ullage/lab/running"
	"github.com/ullage-sh/ullage/provider"
	"github.com/ullage-sh/ullage/provider/aws"
	"github.com/ullage-sh/ullage/provider/aws/nodeclass"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// ClusterName is what the cluster is called on AWS, and its queue of interruptions.
const ClusterName = "ullage"

// NodeProfile is the instance profile that the account begins with: what nodes of an
// AWSNodeTemplate have that names none.
const NodeProfile = ClusterName + "-node"

// startAWS serves AWS's protocols in front of the lab's machine room: what Ullage has
// launched is seen there, and what is launched there boots as a node of this cluster.
// What is above instances (templates, groups, images) is forgotten when the lab ends.
func (l *Lab) startAWS(ctx context.Context, system []kubelet.Machine) error {
	var others []simulated.Machine
	for _, m := range system {
		others = append(others, simulated.Machine{Name: m.Name, ProviderID: m.ProviderID, InternalIP: m.InternalIP, Labels: m.Labels})
	}
	cfg := l.plane.RESTConfig()
	authority := cfg.CAData
	if len(authority) == 0 {
		var err error
		if authority, err = os.ReadFile(cfg.CAFile); err != nil {
			return err
		}
	}
	w, err := world.New(world.Config{
		Catalog: l.catalog, Cloud: l.cloud, Others: others, Seed: l.cfg.Seed, Speed: float64(l.cfg.Speed),
		Cluster: ClusterName, Endpoint: cfg.Host, Authority: string(authority),
	}, wall.Now())
	if err != nil {
		return err
	}
	nodes, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return fmt.Errorf("connecting to the control plane: %w", err)
	}
	if l.drain, err = drain.New(nodes, l.log); err != nil {
		return err
	}
	l.aws, err = endpoint.Start(ctx, endpoint.Config{World: w, Speed: float64(l.cfg.Speed), Dir: l.dir, Nodes: l.drain.EKS()})
	return err
}

// market is the provider that the operator buys from.
func (l *Lab) market() (provider.Provider, error) {
	if !l.cfg.OnAWS {
		return l.provider, nil
	}
	a := l.AWS()
	clients, err := aws.Connect(context.Background(), aws.Connection{
		Region: a.Region, Endpoint: a.URL, Credentials: aws.Static(a.Key, a.Secret), Patience: aws.Patience{Sleep: wall.Sleep, Jitter: rand.Float64},
	})
	if err != nil {
		return nil, err
	}
	return aws.New(aws.Config{
		Cluster: nodeclass.Config{Cluster: ClusterName, Region: a.Region, DefaultProfile: NodeProfile}, Clients: clients, Queue: ClusterName, Catalog: l.catalog,
		VMOverheadPPM: catalog.DefaultSizing().VMOverheadPPM, Speed: int64(l.cfg.Speed), Now: wall.Now, Sleep: wall.Sleep,
	}), nil
}

// AWSServer is the simulated AWS in front of the lab's cloud.
func (l *Lab) AWSServer() *awssim.Server { return l.aws.Server() }

// AWS tells how clients find the simulated AWS in front of the lab's cloud. Signatures are
// not checked: only this machine reaches it.
func (l *Lab) AWS() running.AWS {
	return running.AWS{
		Lab: l.dir, URL: l.aws.URL(), Token: l.aws.Token(), Region: l.cfg.Region, Key: running.AnyKey, Secret: "any", Started: l.started,
	}
}
