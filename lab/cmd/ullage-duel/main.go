// Command ullage-duel lets Ullage and Karpenter keep house for the same seeded clusters,
// one after the other, and writes a table of what each took. See lab/duel/README.md.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ullage-sh/ullage/lab/duel"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := root().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "ullage-duel:", err)
		os.Exit(1)
	}
}

// settings are what all commands are told.
type settings struct {
	out               string
	workload, phases  string
	ullage, karpenter string
	gates             string
	keep              bool
}

func root() *cobra.Command {
	var s settings
	seeds := []uint{}
	cmd := &cobra.Command{
		Use:   "ullage-duel",
		Short: "Ullage and Karpenter on the same clusters, one after the other",
		Long: `Ullage and Karpenter on the same clusters, one after the other.

Each run is a process of its own with a new control plane and a simulated AWS. What was
done is in OUT/ledger.jsonl: a command that was interrupted goes on behind the last run
that had ended. The table of all pairs is written to OUT/table.txt after each run.`,
		SilenceUsage: true, SilenceErrors: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.duel(cmd.Context(), seeds) },
	}
	f := cmd.PersistentFlags()
	f.StringVar(&s.out, "out", "duel-results", "directory for the ledger, the table and, with --keep, the logs")
	f.StringVar(&s.workload, "workload", "mixed", "what pods there are: "+strings.Join(duel.Workloads(), ", "))
	f.StringVar(&s.phases, "phases", "5:80s,100:110s,1000:180s,300:240s,0:110s", "how many pods, for how long")
	f.StringVar(&s.ullage, "ullage", "bin/ullage", "program")
	f.StringVar(&s.karpenter, "karpenter", "bin/karpenter", "program; make karpenter builds it")
	f.StringVar(&s.gates, "karpenter-gates", "", "Karpenter's feature gates that differ from its defaults, such as SpotToSpotConsolidation=true")
	f.BoolVar(&s.keep, "keep", false, "keep the logs of runs that went well")
	cmd.Flags().UintSliceVar(&seeds, "seeds", []uint{1, 2, 3, 4, 5}, "a pair of runs for each")
	cmd.AddCommand(runCommand(&s), tableCommand(&s))
	return cmd
}

func tableCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "table", Short: "Print the table of the runs that were done", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			terms, err := s.terms()
			if err != nil {
				return err
			}
			done, err := s.ledger().Read(terms)
			if err != nil {
				return err
			}
			return duel.Write(cmd.OutOrStdout(), done, "ullage", "karpenter")
		},
	}
}

// runCommand is one run. It ends by itself and leaves nothing in this process for the next.
func runCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "run CONTESTANT SEED", Short: "One run, and its result as JSON", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.contestant(args[0])
			if err != nil {
				return err
			}
			seed, err := strconv.ParseUint(args[1], 10, 64)
			if err != nil {
				return fmt.Errorf("seed %q: want a number", args[1])
			}
			terms, err := s.terms()
			if err != nil {
				return err
			}
			if err := os.MkdirAll(s.out, 0o755); err != nil {
				return fmt.Errorf("--out: %w", err)
			}
			dir, err := os.MkdirTemp(s.out, fmt.Sprintf("%s-%d-", c.Name, seed))
			if err != nil {
				return fmt.Errorf("directory of the run: %w", err)
			}
			result, err := duel.Run(cmd.Context(), c, duel.Config{Dir: dir, Seed: seed, Workload: terms.Workload, Phases: terms.Phases, Progress: func(line string) {
				fmt.Fprintf(os.Stderr, "%s %d  %s\n", c.Name, seed, line)
			}})
			if err != nil {
				return fmt.Errorf("%w; logs are in %s", err, dir)
			}
			if !s.keep {
				if err := os.RemoveAll(dir); err != nil {
					return fmt.Errorf("remove logs: %w", err)
				}
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(result)
		},
	}
}

func (s *settings) terms() (duel.Terms, error) {
	phases, err := duel.ParsePhases(s.phases)
	return duel.Terms{Workload: s.workload, Phases: phases, Gates: s.gates}, err
}

func (s *settings) ledger() duel.Ledger {
	return duel.Ledger{Path: filepath.Join(s.out, "ledger.jsonl")}
}

func (s *settings) contestant(name string) (duel.Contestant, error) {
	c := duel.Ullage(s.ullage)
	switch name {
	case "ullage":
	case "karpenter":
		c = duel.Karpenter(s.karpenter, s.gates)
	default:
		return c, fmt.Errorf("there is no contestant %q: want ullage or karpenter", name)
	}
	var err error
	if c.Binary, err = filepath.Abs(c.Binary); err != nil {
		return c, fmt.Errorf("program of %s: %w", name, err)
	}
	if _, err := os.Stat(c.Binary); err != nil {
		return c, fmt.Errorf("program of %s: %w; make ullage karpenter builds both", name, err)
	}
	return c, nil
}
