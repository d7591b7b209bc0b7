// Command ullage is the operator and its tools. It contains no control plane: to
// try Ullage without a cluster, see ullage-lab.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // budgets are read in people's time zones, on images without a zone database too

	"github.com/spf13/cobra"

	"github.com/ullage-sh/ullage/operator/command"
)

// version is set when a release is linked.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // who asks again does not want to wait any longer
	root := &cobra.Command{
		Use:           "ullage",
		Short:         "An autoscaling compute plane for Kubernetes",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(command.New(version), installCommand(), planCommand(), explainCommand(), simCommand(), awsPolicyCommand())
	switch err := root.ExecuteContext(ctx); {
	case errors.Is(err, errDoNotFit), errors.Is(err, errBroken):
		os.Exit(2) // what was printed says which and why
	case err != nil:
		fmt.Fprintln(os.Stderr, "ullage:", strings.ReplaceAll(err.Error(), "\n", "\nullage: "))
		os.Exit(1)
	}
}
