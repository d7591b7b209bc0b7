package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cli"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/compare"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/kube"
	"github.com/ullage-sh/ullage/manifest"
	"github.com/ullage-sh/ullage/offline"
	"github.com/ullage-sh/ullage/operator/command"
	"github.com/ullage-sh/ullage/solve"
)

// planFlags are the settings that `ullage plan` and `ullage explain` share.
type planFlags struct {
	files       []string
	namespace   string
	fromCluster bool
	kubeconfig  string
	context     string

	catalog       string
	region        string
	zones         []string
	capacityTypes []string
	arch          string
	maxNodeCPU    int64
	seed          uint64

	nodeCharge     string
	preferences    string
	defaultSpreads []string
	improve        bool
	steps          int
}

const planLong = `Plan nodes for the pods that wait, without touching anything.

The input is what "kubectl get -o yaml" or "-o json" prints, or what would be
applied: pods, Deployments and the other workloads (counted by their replicas, less
the pods they have), nodes, NodePools, node classes, volumes and claims, classes,
DaemonSets. Directories are read with all below them. A CronJob from a file counts as
one run. Without a NodePool a default one is planned with.

Exit status: 0 if all pods fit, 2 if some do not, 1 if something was wrong.`

// errDoNotFit ends `ullage plan` with status 2.
var errDoNotFit = errors.New("some pods do not fit")

func planCommand() *cobra.Command {
	var f planFlags
	var output string
	var rivals bool
	var groups []string
	cmd := &cobra.Command{
		Use:   "plan -f FILE...",
		Short: "Plan nodes for pods, offline",
		Long:  planLong,
		Example: `  ullage plan -f shop.yaml
  kubectl get pods,nodes,nodepools,ec2nodeclasses,daemonsets -A -o yaml | ullage plan -f -
  ullage plan --from-cluster --compare`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output != "text" && output != "json" {
				return fmt.Errorf("--output is %q: want text or json", output)
			}
			r, notes, err := f.report(cmd)
			if err != nil {
				return err
			}
			if rivals || len(groups) > 0 {
				if r.Rivals, err = f.rivals(r, groups); err != nil {
					return err
				}
			}
			tell(cmd.ErrOrStderr(), notes)
			if output == "json" {
				err = r.JSON(cmd.OutOrStdout(), notes)
			} else {
				err = r.Text(cmd.OutOrStdout())
			}
			if err == nil && !r.Fits() {
				err = errDoNotFit
			}
			return err
		},
	}
	f.register(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	cmd.Flags().BoolVar(&rivals, "compare", false, "also say what first-fit-decreasing, one node group of each of a few types, and Fargate would cost")
	cmd.Flags().StringSliceVar(&groups, "node-groups", nil, "instance types to compare with as node groups of one type each (implies --compare)")
	return cmd
}

func explainCommand() *cobra.Command {
	var f planFlags
	cmd := &cobra.Command{
		Use:   "explain POD|NODE -f FILE...",
		Short: "Explain where a pod goes and why, or a node of a plan",
		Long: `Explain one pod or one node of a plan.

For a pod (namespace/name, or a workload for one of its pods): where it goes, how many
offerings and nodes would hold it, which constraint rules out the others, and what
would make it fit if it does not. For a node, new ones named as "ullage plan" names
them: why it is of its type, and what the next best would cost.`,
		Example: `  ullage explain shop/web-0 -f shop.yaml
  ullage explain default-1 -f shop.yaml`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, notes, err := f.report(cmd)
			if err != nil {
				return err
			}
			text, err := r.Explain(args[0], f.namespace)
			if err != nil {
				return err
			}
			tell(cmd.ErrOrStderr(), notes)
			_, err = io.WriteString(cmd.OutOrStdout(), text)
			return err
		},
	}
	f.register(cmd)
	return cmd
}

func (f *planFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVarP(&f.files, "filename", "f", nil, "file or directory to read, - for stdin; may be given more than once")
	flags.BoolVar(&f.fromCluster, "from-cluster", false, "list everything from a cluster, read-only, beside what -f gives")
	flags.StringVar(&f.kubeconfig, "kubeconfig", "", "path of a kubeconfig")
	flags.StringVar(&f.context, "context", "", "context of the kubeconfig to use")
	flags.StringVarP(&f.namespace, "namespace", "n", "default", "namespace of objects that name none")
	flags.StringVar(&f.region, "region", "", "region to buy in (default: that of the nodes, else "+offline.DefaultRegion+")")
	flags.StringSliceVar(&f.zones, "zones", nil, "zones to buy in (default: all that the pools allow)")
	flags.StringVar(&f.catalog, "catalog", "", "catalogue of instance types and prices (default: the built-in one)")
	flags.StringSliceVar(&f.capacityTypes, "capacity-type", nil, "on-demand, spot or both (default: what the NodePools allow; on-demand without any)")
	flags.StringVar(&f.arch, "arch", "amd64", "architecture of the default pool: amd64, arm64 or any; NodePools that are given say it themselves")
	flags.Int64Var(&f.maxNodeCPU, "max-node-cpu", 0, "buy no node with more vCPUs (0: no bound)")
	flags.Uint64Var(&f.seed, "seed", 1, "seed of the spot prices of zones, of which only the region's average is known")
	flags.StringVar(&f.nodeCharge, "node-charge", dollars(engine.NodeCharge), "USD per hour that a node costs beside its price; the default is its root volume, 20 GiB of gp3 at 0.0912 USD per GiB and month")
	flags.StringVar(&f.preferences, "preferences", "", "ignore, respect, or USD per hour that a preference of weight 100 may cost (default: as the operator)")
	flags.StringSliceVar(&f.defaultSpreads, "default-spread", nil, command.SpreadUsage)
	flags.BoolVar(&f.improve, "improve", true, "search for something better than the first plan")
	flags.IntVar(&f.steps, "steps", 0, "how long to search, in steps of the solver (0: its default)")
}

// dollars writes an amount as a flag takes it: "0.01".
func dollars(m cluster.Money) string {
	return strconv.FormatFloat(float64(m)/float64(cluster.USD), 'f', -1, 64)
}

// report reads, plans, and returns the plan with what was noticed on the way.
func (f *planFlags) report(cmd *cobra.Command) (*cli.Report, []string, error) {
	objects, err := f.objects(cmd.Context(), cmd.InOrStdin())
	if err != nil {
		return nil, nil, err
	}
	market, err := f.market()
	if err != nil {
		return nil, nil, err
	}
	opt, err := f.solver()
	if err != nil {
		return nil, nil, err
	}
	ready, err := offline.Prepare(objects, market)
	if err != nil {
		return nil, nil, err
	}
	p := solve.Solve(ready.Snapshot, opt)
	r := cli.NewReport(ready.Region, &ready.Input, ready.Snapshot, p, opt.NodeCharge)
	return r, slices.Concat(objects.Notes, ready.Notes), nil
}

func (f *planFlags) objects(ctx context.Context, stdin io.Reader) (*manifest.Objects, error) {
	if len(f.files) == 0 && !f.fromCluster {
		return nil, fmt.Errorf("nothing to plan: give files with -f (- for stdin), or --from-cluster")
	}
	spreads, err := kube.ParseSpreads(f.defaultSpreads)
	if err != nil {
		return nil, fmt.Errorf("--default-spread: %w", err)
	}
	opt := manifest.Options{Namespace: f.namespace, Stdin: stdin, DefaultSpreads: spreads}
	if !f.fromCluster {
		return manifest.Read(f.files, opt)
	}
	more, err := listCluster(ctx, f.kubeconfig, f.context)
	if err != nil {
		return nil, err
	}
	return manifest.ReadWith(more, f.files, opt)
}

func (f *planFlags) market() (offline.Market, error) {
	m := offline.Market{
		Region: f.region, Zones: f.zones, CapacityTypes: f.capacityTypes, MaxNodeCPU: f.maxNodeCPU, Arch: f.arch, Seed: f.seed,
	}
	if f.arch == "any" {
		m.Arch = ""
	}
	var err error
	if f.catalog == "" {
		m.Catalog, err = catalog.Embedded()
	} else {
		m.Catalog, err = catalog.Open(f.catalog)
	}
	return m, err
}

func (f *planFlags) solver() (solve.Options, error) {
	opt := engine.DefaultOptions().Solve // what the operator would do
	var ok bool
	if opt.NodeCharge, ok = money(f.nodeCharge); !ok {
		return opt, fmt.Errorf("--node-charge is %q: want dollars per hour, like 0.01", f.nodeCharge)
	}
	switch f.preferences {
	case "":
	case "ignore":
		opt.PreferencePrice = 0
	case "respect":
		opt.PreferencePrice = solve.Respect
	default:
		if opt.PreferencePrice, ok = money(f.preferences); !ok {
			return opt, fmt.Errorf("--preferences is %q: want ignore, respect, or dollars per hour, like 0.01", f.preferences)
		}
	}
	if f.steps < 0 {
		return opt, fmt.Errorf("--steps is %d: want 0 or more", f.steps)
	}
	opt.Steps = f.steps
	if !f.improve {
		opt.Steps = 1
	}
	return opt, nil
}

// money reads dollars per hour.
func money(s string) (cluster.Money, bool) {
	d, err := strconv.ParseFloat(strings.TrimPrefix(s, "$"), 64)
	return cluster.Money(math.Round(d * float64(cluster.USD))), err == nil && d >= 0 && d <= 1000
}

// rivals are this plan and what others would buy for the same pods.
func (f *planFlags) rivals(r *cli.Report, groups []string) ([]compare.Rival, error) {
	opt, err := f.solver()
	if err != nil {
		return nil, err
	}
	out := []compare.Rival{compare.Self(r.Plan), compare.FirstFit(r.Snapshot)}
	out = append(out, compare.NodeGroups(r.Snapshot, groups, opt)...)
	if fargate, known := compare.Fargate(r.Plan, r.Region); known {
		out = append(out, fargate)
	}
	return out, nil
}

// tell writes what was noticed, away from the plan.
func tell(w io.Writer, notes []string) {
	for _, n := range notes {
		_, _ = fmt.Fprintln(w, "note:", n) // nowhere to say that stderr is gone
	}
}
