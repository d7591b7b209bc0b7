package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/ullage-sh/ullage/lab/demo"
)

func demoCommand() *cobra.Command {
	o := demo.Options{In: os.Stdin, Out: os.Stdout}
	plain := false
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "The main job in one command: inflate 0 → 5 → 100 → 10 → 0",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Speed < 1 {
				return fmt.Errorf("--speed is %d: want 1 or more", o.Speed)
			}
			o.Terminal = !plain && term.IsTerminal(int(o.In.Fd())) && term.IsTerminal(int(o.Out.Fd()))
			return demo.Run(cmd.Context(), o)
		},
	}
	cmd.Flags().IntVar(&o.Speed, "speed", 30, "divide the cloud's latencies and Ullage's waits")
	cmd.Flags().Uint64Var(&o.Seed, "seed", 1, "seed of everything random")
	cmd.Flags().BoolVar(&plain, "plain", false, "plain lines, on a terminal too")
	return cmd
}
