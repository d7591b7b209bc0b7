package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ullage-sh/ullage/provider/aws/iam"
)

func awsPolicyCommand() *cobra.Command {
	var s iam.Scope
	cmd := &cobra.Command{
		Use:   "aws-policy",
		Short: "Print the IAM policy that the operator needs on AWS",
		Long: `Print the IAM policy that the operator needs on AWS, as JSON: what it calls, on what is
the cluster's, and nothing else. Nothing is asked of AWS.`,
		Example: `  ullage aws-policy --account 111122223333 --region us-west-2 --cluster shop --queue shop --role ShopNodes > policy.json
  aws iam create-policy --policy-name Ullage-shop --policy-document file://policy.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			policy, err := s.Policy()
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), policy)
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&s.Account, "account", "", "number of the account")
	flags.StringVar(&s.Region, "region", "", "region of the cluster")
	flags.StringVar(&s.Cluster, "cluster", "", "name of the cluster")
	flags.StringVar(&s.Queue, "queue", "", "name of the queue that interruptions are announced on; empty for none")
	flags.StringSliceVar(&s.Roles, "role", nil, "role of nodes, with its path if it has one; may be repeated")
	flags.StringSliceVar(&s.Parameters, "parameter", nil, "parameter of the account that names an image; may be repeated")
	flags.StringVar(&s.Partition, "partition", "aws", "aws, aws-cn or aws-us-gov")
	return cmd
}
