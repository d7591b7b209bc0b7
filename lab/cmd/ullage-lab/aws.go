package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/ullage-sh/ullage/awssim/control"
	"github.com/ullage-sh/ullage/lab/running"
)

// awsCommand is what concerns the simulated AWS, a lab's or one that stands alone.
func awsCommand() *cobra.Command {
	dir := ""
	cmd := &cobra.Command{
		Use:   "aws",
		Short: "A simulated AWS behind AWS's own protocols: serve one, make things happen in it",
		Long: `A simulated AWS behind AWS's own protocols, for the aws command line, SDKs and
programs that use them.

serve runs one that stands alone; a lab has its own (ullage-lab up). The other commands
are for the one on --data-dir, or the one that was started last:

    eval "$(ullage-lab aws env)"
    aws ec2 describe-instances

Pools are named TYPE/ZONE/CAPACITY, each part with * and ?, those at the end left out at
will. What matches nothing is an error that says what there is:

    ullage-lab aws drain-capacity 'm5.*/us-west-2a/spot'
    ullage-lab aws reclaim '*/*/spot' --lead 1m`,
	}
	cmd.PersistentFlags().StringVar(&dir, "data-dir", "", "the simulated AWS of the lab on this directory (default: the one started last)")
	cmd.AddCommand(awsServeCommand(), &cobra.Command{
		Use: "env", Short: "Print the environment with which the aws command line finds it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := running.FindAWS(dir)
			if err != nil {
				return err
			}
			return printEnvironment(cmd.OutOrStdout(), a)
		},
	}, stateCommand(&dir), releaseCommand(&dir), drainCommand(&dir), reclaimCommand(&dir), retireCommand(&dir))
	return cmd
}

func printEnvironment(w io.Writer, a running.AWS) error {
	for _, line := range a.Environment() {
		name, value, _ := strings.Cut(line, "=")
		if _, err := fmt.Fprintf(w, "export %s='%s'\n", name, strings.ReplaceAll(value, "'", `'\''`)); err != nil {
			return err
		}
	}
	// What the shell has from a real account must not go to this one.
	_, err := fmt.Fprint(w, "unset AWS_SESSION_TOKEN AWS_PROFILE\n# aws from before 2.13 wants it said: alias aws='aws --endpoint-url "+a.URL+"'\n")
	return err
}

// controller is a client for the simulated AWS that a command means.
func controller(dir string) (*control.Client, error) {
	a, err := running.FindAWS(dir)
	if err != nil {
		return nil, err
	}
	c := &control.Client{URL: a.URL, Token: a.Token, HTTP: &http.Client{Timeout: 30 * time.Second}}
	if a.CA == "" {
		return c, nil
	}
	pem, err := os.ReadFile(a.CA)
	if err != nil {
		return nil, fmt.Errorf("certificate of the simulated AWS: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	c.HTTP.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	return c, nil
}

// controlled makes a command that asks the simulated AWS something and prints a line or
// more.
func controlled(dir *string, use, short string, args cobra.PositionalArgs, run func(*cobra.Command, *control.Client, []string) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, args []string) error {
		c, err := controller(*dir)
		if err != nil {
			return err
		}
		return run(cmd, c, args)
	}}
}

func releaseCommand(dir *string) *cobra.Command {
	return controlled(dir, "release-ami [NAME]", "Publish new images (named v20261201; default: after today) and move the SSM parameters to them", cobra.MaximumNArgs(1),
		func(cmd *cobra.Command, c *control.Client, args []string) error {
			r := control.Release{Name: strings.Join(args, "")}
			if err := c.Release(cmd.Context(), &r); err != nil {
				return err
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "released", r.Name)
			return err
		})
}

func drainCommand(dir *string) *cobra.Command {
	d := control.Drain{}
	cmd := controlled(dir, "drain-capacity PATTERN", "Leave pools (type/zone/capacity type, with *) no room for more instances", cobra.ExactArgs(1),
		func(cmd *cobra.Command, c *control.Client, args []string) error {
			d.Pattern = args[0]
			if err := c.Drain(cmd.Context(), &d); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "drained %d pools\n", d.Pools)
			return err
		})
	cmd.Flags().IntVar(&d.Left, "left", 0, "how many instances a pool may hold, those it has included; -1 for any number")
	return cmd
}

func reclaimCommand(dir *string) *cobra.Command {
	r := control.Reclaim{}
	cmd := controlled(dir, "reclaim PATTERN", "Take back the Spot instances of pools (type/zone/spot, with *), with two minutes' warning", cobra.ExactArgs(1),
		func(cmd *cobra.Command, c *control.Client, args []string) error {
			r.Pattern = args[0]
			if err := c.Reclaim(cmd.Context(), &r); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "reclaiming %d instances %s\n", len(r.Instances), strings.Join(r.Instances, " "))
			return err
		})
	cmd.Flags().DurationVar(&r.Lead, "lead", 0, "time from the rebalance recommendation, which comes at once, to the warning")
	return cmd
}

func retireCommand(dir *string) *cobra.Command {
	r := control.Retire{}
	cmd := controlled(dir, "retire INSTANCE...", "Schedule the retirement of the machines of instances (an AWS Health event)", cobra.MinimumNArgs(1),
		func(cmd *cobra.Command, c *control.Client, args []string) error {
			r.Instances = args
			if err := c.Retire(cmd.Context(), &r); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "retiring %d instances in %v\n", len(args), r.In)
			return err
		})
	cmd.Flags().DurationVar(&r.In, "in", 14*24*time.Hour, "when the instances end")
	return cmd
}

func stateCommand(dir *string) *cobra.Command {
	lines, format := 20, "text"
	cmd := controlled(dir, "state", "Show what there is: instances as they really are, queues, requests, what changed last", cobra.NoArgs,
		func(cmd *cobra.Command, c *control.Client, _ []string) error {
			s, err := c.State(cmd.Context(), lines)
			if err != nil {
				return err
			}
			switch format {
			case "json":
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetIndent("", "  ")
				return e.Encode(s)
			case "text":
				return printState(cmd.OutOrStdout(), s)
			}
			return fmt.Errorf("--output is %q: want text or json", format)
		})
	cmd.Flags().IntVar(&lines, "log", 20, "how many of the last lines of the log to show")
	cmd.Flags().StringVarP(&format, "output", "o", "text", "text or json")
	return cmd
}

func printState(out io.Writer, s control.State) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) } // Flush tells
	p("region %s, account %s, cluster %s, %s\n\n", s.Region, s.Account, s.Cluster, s.Now.Format(time.RFC3339))
	p("INSTANCE\tTYPE\tZONE\tCAPACITY\tSTATE\tNODE\n")
	for _, i := range s.Instances {
		p("%s\t%s\t%s\t%s\t%s\t%s\n", i.ID, i.Type, i.Zone, i.CapacityType, i.State, i.Node)
	}
	for _, kind := range []struct {
		name string
		all  []control.Group
	}{{"GROUP", s.Groups}, {"NODE GROUP", s.NodeGroups}} {
		if len(kind.all) > 0 {
			p("\n%s\tMIN\tMAX\tDESIRED\tSTATUS\n", kind.name)
		}
		for _, g := range kind.all {
			p("%s\t%d\t%d\t%d\t%s\n", g.Name, g.Min, g.Max, g.Desired, g.Status)
		}
	}
	if len(s.Reservations) > 0 {
		p("\nRESERVATION\tTYPE\tZONE\tCOUNT\tUNUSED\n")
	}
	for _, r := range s.Reservations {
		p("%s\t%s\t%s\t%d\t%d\n", r.ID, r.Type, r.Zone, r.Count, r.Unused)
	}
	p("\nQUEUE\tMESSAGES\tHIDDEN\n")
	for _, q := range s.Queues {
		p("%s\t%d\t%d\n", q.Name, q.Messages, q.Hidden)
	}
	p("\nREQUEST\tCOUNT\n")
	for _, name := range slices.Sorted(maps.Keys(s.Requests)) {
		p("%s\t%d\n", name, s.Requests[name])
	}
	if len(s.Log) > 0 {
		p("\nLOG\n")
	}
	for _, l := range s.Log {
		p("%s  %s\n", l.At.Format("15:04:05.000"), l.Text)
	}
	return w.Flush()
}
