package command

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/ullage-sh/ullage/awssim"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/internal/wall"
)

// cloudOf reads settings of the cloud as the command does.
func cloudOf(t *testing.T, args ...string) *cloudFlags {
	t.Helper()
	var f cloudFlags
	flags := pflag.NewFlagSet("operator", pflag.ContinueOnError)
	f.add(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return &f
}

// TestCloudAWS: the operator's settings reach AWS, from the environment as from flags.
func TestCloudAWS(t *testing.T) {
	w, err := world.New(world.Config{Cluster: "shop"}, wall.Now())
	if err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewServer(awssim.New(awssim.Config{World: w, Now: wall.Now, Sleep: wall.Sleep}))
	t.Cleanup(listener.Close)
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-west-2", "AWS_EC2_METADATA_DISABLED": "true",
		"CLUSTER_NAME": "shop", "VM_MEMORY_OVERHEAD_PERCENT": "0.05", "AWS_CA_BUNDLE": "",
	} {
		t.Setenv(name, value)
	}
	discovered := []any{map[string]any{"tags": map[string]any{"karpenter.sh/discovery": "shop"}}}
	spec, err := json.Marshal(map[string]any{
		"amiSelectorTerms": []any{map[string]any{"alias": "al2023@latest"}}, "role": "KarpenterNodeRole-shop",
		"subnetSelectorTerms": discovered, "securityGroupSelectorTerms": discovered,
	})
	if err != nil {
		t.Fatal(err)
	}
	memory := map[string]int64{}
	for name, args := range map[string][]string{"flag": {"--vm-memory-overhead-percent=0.075"}, "environment": nil} {
		p, err := cloudOf(t, append(args, "--provider=aws", "--aws-endpoint="+listener.URL)...).open(context.Background(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		k := p.Kinds()[0]
		r, err := p.Resolve(context.Background(), cluster.NodeClass{Ref: cluster.ClassRef{Group: k.Group, Kind: k.Kind, Name: "default"}, Spec: string(spec)})
		if err != nil {
			t.Fatal(err)
		}
		if ok, why := r.Ready(); !ok {
			t.Fatal(why.Message)
		}
		memory[name] = cluster.FindType(r.Types, "m5.large").Capacity.Get(cluster.Memory) >> 20
	}
	template := cluster.NodeClass{
		Ref:  cluster.ClassRef{Group: "karpenter.k8s.aws", Kind: "AWSNodeTemplate", Name: "default"},
		Spec: `{"subnetSelector": {"karpenter.sh/discovery": "shop"}, "securityGroupSelector": {"karpenter.sh/discovery": "shop"}}`,
	}
	for want, args := range map[string]string{"there is no instance profile lost": "--default-instance-profile=lost", "": ""} {
		t.Setenv("AWS_DEFAULT_INSTANCE_PROFILE", "shop-node")
		p, err := cloudOf(t, append(strings.Fields(args), "--provider=aws", "--aws-endpoint="+listener.URL)...).open(context.Background(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		r, err := p.Resolve(context.Background(), template)
		if err != nil {
			t.Fatal(err)
		}
		if ok, why := r.Ready(); ok != (want == "") || !strings.Contains(why.Message, want) {
			t.Errorf("template with %q and the environment's profile: ready %v, %s; want %q", args, ok, why.Message, want)
		}
	}
	if memory["flag"] != 7577 || memory["environment"] != 7782 {
		t.Errorf("memory of an m5.large: %v MiB, want 7577 with 7.5 %% lost and 7782 with 5 %%", memory)
	}
}

// TestCloudMistakes: what is wrong with the settings is said, and how it is set right.
func TestCloudMistakes(t *testing.T) {
	t.Setenv("CLUSTER_NAME", "")
	t.Setenv("RESERVED_ENIS", "")
	for _, tt := range []struct{ env, args, want string }{
		{"", "", "--provider=aws or --provider=simulated"},
		{"", "--provider=gcp", `--provider is "gcp": there are aws and simulated`},
		{"", "--provider=simulated --region=mars", "--region:"},
		{"", "--provider=aws", "--cluster-name"},
		{"", "--provider=aws --cluster-name=shop --vm-memory-overhead-percent=7.5", "--vm-memory-overhead-percent"},
		{"many", "--provider=aws --cluster-name=shop", "--reserved-enis"},
	} {
		t.Setenv("RESERVED_ENIS", tt.env)
		if _, err := cloudOf(t, strings.Fields(tt.args)...).open(context.Background(), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.args, err, tt.want)
		}
	}
}
