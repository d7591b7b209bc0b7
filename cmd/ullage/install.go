package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/ullage-sh/ullage/kube"
)

func installCommand() *cobra.Command {
	var kubeconfig string
	cmd := &cobra.Command{
		Use:   "install-crds",
		Short: "Install the resource definitions in a cluster",
		Long:  "Install NodePool, NodeClaim and Ullage's own resource definitions in a cluster. Doing it again changes nothing.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			rules := clientcmd.NewDefaultClientConfigLoadingRules()
			rules.ExplicitPath = kubeconfig
			cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
			if err != nil {
				return fmt.Errorf("finding the cluster: %w", err)
			}
			return kube.InstallCRDs(cmd.Context(), cfg)
		},
	}
	cmd.Flags().StringVar(&kubeconfig, "kubeconfig", "", "path of a kubeconfig")
	return cmd
}
