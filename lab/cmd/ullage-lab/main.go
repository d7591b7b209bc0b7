// Command ullage-lab is a Kubernetes cluster in one process, for a machine without
// a cloud account: a real control plane, a simulated cloud with the real EC2
// catalogue, simulated nodes, and Ullage.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ullage-sh/ullage/lab/attached"
	"github.com/ullage-sh/ullage/lab/kubectl"
	"github.com/ullage-sh/ullage/tui"
)

// version is set by the linker.
var version = "dev"

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := root().ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled), errors.Is(err, tui.ErrQuit):
		return 130 // as a shell says it of a program that was interrupted
	}
	fmt.Fprintln(os.Stderr, "ullage-lab:", err)
	return 1
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:           "ullage-lab",
		Short:         "A Kubernetes cluster in one process: real control plane, simulated cloud and nodes",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.AddCommand(upCommand(), statusCommand(), demoCommand(), runCommand(), kubectlCommand(), awsCommand(), attached.Command(version))
	return cmd
}

func kubectlCommand() *cobra.Command {
	return &cobra.Command{
		Use:                "kubectl [--data-dir DIR] ARGS...",
		Short:              "The real kubectl, pointed at the running lab",
		DisableFlagParsing: true,
		RunE:               func(_ *cobra.Command, args []string) error { return kubectl.Main(args) },
	}
}
