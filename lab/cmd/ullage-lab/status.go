package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/ullage-sh/ullage/lab/controlplane"
	"github.com/ullage-sh/ullage/lab/running"
)

func statusCommand() *cobra.Command {
	dir := ""
	cmd := &cobra.Command{
		Use:   "status",
		Short: "What runs of a lab: its process, its operator's, where they are reached",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := running.Find(dir)
			if err != nil {
				return err
			}
			return printStatus(cmd.OutOrStdout(), l)
		},
	}
	cmd.Flags().StringVar(&dir, "data-dir", "", "the lab on this directory (default: the one started last)")
	return cmd
}

func printStatus(out io.Writer, l running.Lab) error {
	operator, apart, err := running.OperatorOf(l.Dir)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	p := func(name, format string, args ...any) { _, _ = fmt.Fprintf(w, name+"\t"+format+"\n", args...) } // Flush tells
	pid, _ := controlplane.InUse(l.Dir)
	p("lab", "process %d", pid)
	p("directory", "%s", l.Dir)
	p("kubeconfig", "%s", l.Kubeconfig())
	if a, err := running.FindAWS(l.Dir); err == nil {
		p("aws", "%s, region %s", a.URL, a.Region)
	}
	switch {
	case !apart:
		p("operator", "none of its own")
	case operator.PID == 0:
		p("operator", "ended (%s) after %d restarts", operator.Ended, operator.Restarts)
	default:
		p("operator", "process %d, for %s", operator.PID, time.Since(operator.Started).Round(time.Second))
	}
	if apart && operator.Restarts > 0 {
		p("", "restarts: %d, the last one after: %s", operator.Restarts, operator.Ended)
	}
	if apart {
		p("", "metrics: http://%s/metrics", operator.Metrics)
		p("", "log: %s", operator.Log)
	}
	return w.Flush()
}
