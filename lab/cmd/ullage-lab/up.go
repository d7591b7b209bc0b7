package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/ullage-sh/ullage/lab"
	"github.com/ullage-sh/ullage/lab/controlplane"
	"github.com/ullage-sh/ullage/lab/running"
)

func upCommand() *cobra.Command {
	var cfg lab.Config
	var provider string
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run a cluster until Ctrl-C",
		Long: `Run a cluster until Ctrl-C.

With --data-dir everything is kept, the simulated cloud included: the next up on the
same directory goes on where this one stopped, also after a kill. --speed divides
the cloud's latencies (at 1, an instance boots in 40 s, one in a hundred in more than
75 s) and the waits of Ullage; the control plane's clock is the real one.

The operator is a process of its own, which buys EC2 instances from a simulated AWS in
front of the cloud; "ullage-lab status" tells which. Kill it with -9 as you like: another
one is started and goes on. With --provider=simulated it is in this process, and buys from
the cloud itself.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if provider != "simulated" && provider != "aws" {
				return fmt.Errorf("--provider is %q: want simulated or aws", provider)
			}
			if cfg.OnAWS = provider == "aws"; cfg.OnAWS && !cfg.NoOperator {
				self, err := os.Executable()
				if err != nil {
					return fmt.Errorf("finding this program: %w", err)
				}
				cfg.Operator = []string{self, "operator"}
			}
			return up(cmd, cfg)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&cfg.NoOperator, "no-operator", false, "leave the operator to be run by hand; the command is printed")
	f.StringVar(&provider, "provider", "aws", "what nodes are bought from: aws, EC2 instances by way of a simulated AWS, or simulated, the cloud itself")
	f.StringVar(&cfg.Region, "region", "ap-northeast-2", "region of the cloud: ap-northeast-2, us-east-1 or us-west-2")
	f.StringSliceVar(&cfg.Zones, "zones", nil, "zones that there are (default: all of the region)")
	f.StringVar(&cfg.Dir, "data-dir", "", "keep everything in this directory (default: a temporary one)")
	f.Uint64Var(&cfg.Seed, "seed", 1, "seed of everything random")
	f.IntVar(&cfg.Speed, "speed", 1, "divide the cloud's latencies and Ullage's waits")
	f.IntVar(&cfg.Port, "port", 0, "port of the API server on 127.0.0.1 (default: a free one)")
	return cmd
}

func up(cmd *cobra.Command, cfg lab.Config) (err error) {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	if cfg.Speed < 1 {
		return fmt.Errorf("--speed is %d: want 1 or more", cfg.Speed)
	}
	if cfg.Dir != "" {
		if cfg.Dir, err = filepath.Abs(cfg.Dir); err != nil {
			return fmt.Errorf("--data-dir: %w", err)
		}
	}
	cfg.Progress = func(s string) { _, _ = fmt.Fprintln(out, s) } // a closed terminal is no reason to stop
	started := time.Now()
	l, err := lab.Start(ctx, cfg)
	switch {
	case err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled):
		return nil // interrupted before it was up: that is how it ends
	case err != nil:
		return err
	}
	defer func() { err = errors.Join(err, l.Stop()) }()
	remove, err := running.Announce(running.Lab{Dir: l.Dir(), Started: started})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	removeAWS, err := running.AnnounceAWS(l.AWS())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, removeAWS()) }()
	_, _ = fmt.Fprintf(out, `
The lab is up: Kubernetes %s in %s at %d× the cloud's speed, started in %.1f s.

    export KUBECONFIG=%s

Three things to try, here or in another terminal (a stock kubectl does as well):

    ullage-lab kubectl create deployment inflate --image=pause --replicas=0
    ullage-lab kubectl set resources deployment inflate --requests=cpu=1,memory=1536Mi
    ullage-lab kubectl scale deployment inflate --replicas=50

then watch them come:  ullage-lab kubectl get nodeclaims,nodes -o wide
and read why:          ullage-lab kubectl -n ullage-system logs deployment/ullage

AWS's own clients see the same machines:

    eval "$(ullage-lab aws env)"; aws ec2 describe-instances
%s
Ctrl-C stops it.
`, controlplane.Version, cfg.Region, l.Speed(), time.Since(started).Seconds(), l.Kubeconfig(), aside(l)) // as above
	ended := l.OperatorEnded()
	if cfg.NoOperator {
		ended = nil // nobody's end is waited for
	}
	if cfg.NoOperator && cfg.OnAWS {
		kubeconfig, err := l.OperatorKubeconfig()
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(out, `
No operator runs. One of your own, in another terminal:

    eval "$(ullage-lab aws env)"
    ullage operator --kubeconfig %s --provider aws --cluster-name %s --interruption-queue %s --default-instance-profile %s --speed %d
`, kubeconfig, lab.ClusterName, lab.ClusterName, lab.NodeProfile, l.Speed()) // as above
	}
	select {
	case <-ctx.Done():
		return nil
	case <-l.Ended():
		return l.Err()
	case <-ended:
		return l.StopOperator()
	}
}

// aside tells of an operator that is a process of its own.
func aside(l *lab.Lab) string {
	s := l.OperatorState()
	if s.PID == 0 {
		return ""
	}
	return fmt.Sprintf(`
The operator is process %d. Killed with -9, it is started again and goes on
(ullage-lab status).
`, s.PID)
}
