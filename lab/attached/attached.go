// Package attached is the operator that a lab keeps running as a process of its own: the
// command that ullage has, but that it ends with the lab.
package attached

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/ullage-sh/ullage/lab/supervise"
	"github.com/ullage-sh/ullage/operator/command"
)

// Command is that of programs that start a lab, for a lab's Operator command line.
func Command(version string) *cobra.Command {
	cmd := command.New(version)
	cmd.Hidden = true
	cmd.Short = "The operator of a lab, which starts it by itself; it ends when its standard input does"
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		go func() {
			<-supervise.Orphaned(os.Stdin)
			fmt.Fprintln(os.Stderr, "the lab has ended: so does its operator")
			os.Exit(1) // at once: its cluster and its cloud are gone
		}()
		return run(cmd, args)
	}
	return cmd
}

// Main runs it in a program that is something else otherwise, such as a test; args are what
// follows the word operator.
func Main(args []string) {
	cmd := Command("test")
	cmd.SetArgs(args)
	cmd.SilenceUsage = true
	if err := cmd.Execute(); err != nil {
		os.Exit(1) // cobra has said why
	}
	os.Exit(0)
}
