package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"

	"github.com/spf13/cobra"
)

// ballast is memory that nobody touches, and that takes none therefore. It counts as in use:
// a small day grows to some hundred MiB before anything is collected.
var ballast []byte

// simCommand is `ullage sim`: the engine in virtual time.
func simCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "Simulate a cluster and the operator in virtual time",
		Long: `Simulate a cluster, its cloud and the operator in virtual time.

The operator's engine is the real one; API server, scheduler, kubelets, controllers and
cloud are simulated, from a seed: the same command gives the same bytes.`,
	}
	cmd.PersistentPreRun = func(*cobra.Command, []string) {
		if os.Getenv("GOGC") == "" {
			// What a day holds is small beside what it allocates.
			debug.SetGCPercent(400)
			ballast = make([]byte, 64<<20)
			runtime.KeepAlive(ballast)
		}
	}
	cmd.AddCommand(simRunCommand(), simCompareCommand(), simSeedsCommand())
	return cmd
}

// profile writes a profile of the processor time until done is called; "" for none.
func profile(path string) (done func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, err
	}
	return pprof.StopCPUProfile, nil
}
