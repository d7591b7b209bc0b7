// Package kubectl is the real kubectl, of the same version as the control plane,
// pointed at a running lab.
package kubectl

import (
	"os"
	"strings"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"

	"github.com/ullage-sh/ullage/lab/running"
)

// Main runs kubectl with args against the lab that --data-dir, given before all
// other arguments, names, or else the one started last.
//
// When kubectl fails it ends the process with kubectl's exit code: its commands do
// so themselves. An error is returned when there is no lab to talk to.
func Main(args []string) error {
	dir, args := dataDir(args)
	lab, err := running.Find(dir)
	if err != nil {
		return err
	}
	kubeconfig := lab.Kubeconfig()
	flags := genericclioptions.NewConfigFlags(true).WithDeprecatedPasswordFlag().WithDiscoveryBurst(300).WithDiscoveryQPS(50)
	flags.KubeConfig = &kubeconfig // before $KUBECONFIG; --kubeconfig still overrides it
	command := cmd.NewDefaultKubectlCommandWithArgs(cmd.KubectlOptions{
		Arguments:   append([]string{"kubectl"}, args...),
		ConfigFlags: flags,
		IOStreams:   genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr},
	})
	command.SetArgs(args)
	util.CheckErr(cli.RunNoErrOutput(command))
	return nil
}

// dataDir takes a leading --data-dir off the arguments; kubectl would not know it.
func dataDir(args []string) (string, []string) {
	switch {
	case len(args) >= 2 && args[0] == "--data-dir":
		return args[1], args[2:]
	case len(args) >= 1 && strings.HasPrefix(args[0], "--data-dir="):
		return strings.TrimPrefix(args[0], "--data-dir="), args[1:]
	}
	return "", args
}
