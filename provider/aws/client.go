package aws

import (
	"context"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/pricing"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"github.com/ullage-sh/ullage/provider/aws/price"
)

// Connection says how AWS is reached.
type Connection struct {
	// Region; "" for what the environment or the configuration file says.
	Region string
	// Endpoint stands for all services, a URL; "" for AWS's own.
	Endpoint string
	// Credentials; nil for those that the SDK finds (environment, files, web identity, pod
	// identity, the machine's role).
	Credentials aws.CredentialsProvider
	// Patience decides about trying again.
	Patience Patience
	// Calls counts requests; nil for nobody who wants to know.
	Calls *Calls
	// HTTP carries requests; nil for the SDK's own client.
	HTTP *http.Client
}

// Clients are the services that the provider talks to. This is the one place where they
// are made.
type Clients struct {
	Region  string
	EC2     *ec2.Client
	EKS     *eks.Client
	IAM     *iam.Client
	Pricing *pricing.Client
	SQS     *sqs.Client
	SSM     *ssm.Client
}

// Static are credentials that stay the same.
func Static(key, secret string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: key, SecretAccessKey: secret, Source: "static"}, nil
	})
}

// Connect makes the clients. Nothing is asked of AWS yet.
func Connect(ctx context.Context, c Connection) (*Clients, error) {
	options := []func(*config.LoadOptions) error{
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }), // Patience does that
		config.WithLogger(logging.Nop{}),                                   // what fails is an error, and told as one
		config.WithAPIOptions([]func(*middleware.Stack) error{c.Patience.middleware(c.Calls)}),
	}
	if c.Region != "" {
		options = append(options, config.WithRegion(c.Region))
	}
	if c.Endpoint != "" {
		options = append(options, config.WithBaseEndpoint(c.Endpoint))
	}
	if c.Credentials != nil {
		options = append(options, config.WithCredentialsProvider(c.Credentials))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		return nil, fmt.Errorf("AWS configuration: no region: set AWS_REGION or --region")
	}
	if c.HTTP != nil {
		cfg.HTTPClient = c.HTTP
	}
	list := cfg.Copy()
	list.Region = price.Home(cfg.Region)
	return &Clients{
		Region: cfg.Region, EC2: ec2.NewFromConfig(cfg), EKS: eks.NewFromConfig(cfg), IAM: iam.NewFromConfig(cfg),
		Pricing: pricing.NewFromConfig(list), SQS: sqs.NewFromConfig(cfg), SSM: ssm.NewFromConfig(cfg),
	}, nil
}
