package main

import "github.com/spf13/cobra"

// simCommand is `ullage sim`: the engine in virtual time.
func simCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "Simulate a cluster and the operator in virtual time",
		Long: `Simulate a cluster, its cloud and the operator in virtual time.

The operator's engine is the real one; API server, scheduler, kubelets, controllers and
cloud are simulated, from a seed: the same command gives the same bytes.`,
	}
	cmd.AddCommand(simRunCommand(), simCompareCommand(), simSeedsCommand())
	return cmd
}
