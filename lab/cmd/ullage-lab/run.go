package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/ullage-sh/ullage/lab/walkthrough"
)

func runCommand() *cobra.Command {
	verbose := false
	cmd := &cobra.Command{
		Use:   "run FILE...",
		Short: "Run walkthrough scripts, each against a lab of its own",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			self, err := os.Executable()
			if err != nil {
				return fmt.Errorf("finding this program: %w", err)
			}
			for _, file := range files {
				began := time.Now()
				if err := walkthrough.Run(cmd.Context(), file, walkthrough.Options{
					Kubectl: []string{self, "kubectl"}, Operator: []string{self, "operator"}, Out: cmd.OutOrStdout(), Verbose: verbose,
				}); err != nil {
					return err
				}
				_, _ = fmt.Fprintf(cmd.OutOrStdout(), "ok  %s  %.1f s\n", file, time.Since(began).Seconds()) // a closed terminal is no reason to stop
			}
			return nil
		},
	}
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "show what every command printed")
	return cmd
}
