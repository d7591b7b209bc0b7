package awssim

import (
	"context"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// cli is the real aws command line (Debian's package awscli), with signatures that the
// server checks.
type cli struct {
	t   *testing.T
	url string
	env []string
}

const cliKey, cliSecret = "AKIDCOMMANDLINE", "a secret/with+signs="

// The command line takes seconds to start each time, and is not on every machine.
var commandLine = flag.Bool("commandline", false, "run what needs the aws command line, as CI does")

// newCLI starts a server on the real clock for the command line.
func newCLI(t *testing.T) (*cli, *Server) {
	t.Helper()
	if !*commandLine {
		t.Skip("needs the aws command line: apt-get install awscli, then go test ./awssim -run CommandLine -commandline")
	}
	if _, err := exec.LookPath("aws"); err != nil {
		t.Fatalf("the aws command line is not installed: apt-get install awscli (%v)", err)
	}
	now := func() cluster.Instant { return cluster.Instant(time.Now().UnixNano()) }
	w, err := world.New(world.Config{Seed: 4, Speed: 60}, now())
	if err != nil {
		t.Fatal(err)
	}
	rates := DefaultRates()
	s := New(Config{World: w, Now: now, Secrets: map[string]string{cliKey: cliSecret}, Rates: &rates, Sleep: func(ctx context.Context, d cluster.Duration) error {
		select {
		case <-time.After(time.Duration(d)):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}})
	l, err := Listen(t.Context(), "127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	server := s.HTTPServer()
	go func() { _ = s.Run(t.Context()) }() // ends with the test
	go func() { _ = server.Serve(l) }()    // ends when the test closes it
	t.Cleanup(func() { _ = server.Close() })
	return &cli{t, "http://" + l.Addr().String(), append(os.Environ(),
		"AWS_ACCESS_KEY_ID="+cliKey, "AWS_SECRET_ACCESS_KEY="+cliSecret, "AWS_DEFAULT_REGION=us-west-2", "AWS_PAGER=", "AWS_CONFIG_FILE=/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_EC2_METADATA_DISABLED=true", "AWS_MAX_ATTEMPTS=3",
	)}, s
}

// run runs aws and returns what it printed; failure is what must stand on its standard
// error instead, "" for a success.
func (c *cli) run(failure string, args ...string) string {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), "aws", append([]string{"--endpoint-url", c.url, "--output", "json"}, args...)...)
	cmd.Env = c.env
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if (err == nil) != (failure == "") || !strings.Contains(stderr.String(), failure) {
		c.t.Fatalf("aws %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out)
}

// read runs aws and reads the JSON that it printed.
func (c *cli) read(into any, args ...string) {
	c.t.Helper()
	out := c.run("", args...)
	if err := json.Unmarshal([]byte(out), into); err != nil {
		c.t.Fatalf("aws %s printed\n%s\n%v", strings.Join(args, " "), out, err)
	}
}

// TestCommandLine does with the real aws command line what people do with it.
func TestCommandLine(t *testing.T) {
	c, s := newCLI(t)

	var who struct{ Account, Arn string }
	if c.read(&who, "sts", "get-caller-identity"); who.Account != "000000000000" {
		t.Errorf("got %+v, want the account", who)
	}

	// Types: all of them over many pages, and one.
	var names []string
	c.read(&names, "ec2", "describe-instance-types", "--filters", "Name=vcpu-info.default-vcpus,Values=8", "Name=processor-info.supported-architecture,Values=arm64",
		"--query", "InstanceTypes[].InstanceType")
	if len(names) < 30 {
		t.Errorf("%d types have 8 vCPUs and are arm64, want more than 30", len(names))
	}
	var memory []int64
	if c.read(&memory, "ec2", "describe-instance-types", "--instance-types", "m5.large", "--query", "InstanceTypes[].MemoryInfo.SizeInMiB"); len(memory) != 1 || memory[0] != 8192 {
		t.Errorf("m5.large has %v MiB, want 8192", memory)
	}
	c.run("InvalidInstanceType", "ec2", "describe-instance-types", "--instance-types", "m5.enormous")

	// The newest image, by the parameter that names it.
	image := strings.Trim(strings.TrimSpace(c.run("", "ssm", "get-parameter", "--name",
		"/aws/service/eks/optimized-ami/1.36/amazon-linux-2023/x86_64/standard/recommended/image_id", "--query", "Parameter.Value")), `"`)

	// A dry run, and a run.
	c.run("DryRunOperation", "ec2", "run-instances", "--image-id", image, "--instance-type", "m5.large", "--dry-run")
	var run struct {
		Instances []struct{ InstanceID string }
	}
	c.read(&run, "ec2", "run-instances", "--image-id", image, "--instance-type", "m5.large", "--count", "2",
		"--tag-specifications", "ResourceType=instance,Tags=[{Key=team,Value=blue}]")
	if len(run.Instances) != 2 {
		t.Fatalf("got %+v, want two instances", run)
	}
	id := run.Instances[0].InstanceID
	c.run("", "ec2", "wait", "instance-running", "--instance-ids", id)
	var states []string
	if c.read(&states, "ec2", "describe-instances", "--filters", "Name=tag:team,Values=b?ue", "--query", "Reservations[].Instances[].State.Name"); len(states) != 2 {
		t.Errorf("got states %q, want two", states)
	}
	c.run("", "ec2", "terminate-instances", "--instance-ids", id)
	c.run("InvalidInstanceID.NotFound", "ec2", "describe-instances", "--instance-ids", "i-00000000000000000")

	c.fleet(s, image)
	c.reserve(image)
	c.session()
	c.scale()
	c.nodegroup(s)
	c.interruption(s)
}

// reserve reserves capacity, launches into it, and gives it back.
func (c *cli) reserve(image string) {
	c.t.Helper()
	id := strings.Trim(strings.TrimSpace(c.run("", "ec2", "create-capacity-reservation", "--instance-type", "m6i.large", "--instance-platform", "Linux/UNIX",
		"--availability-zone", "us-west-2b", "--instance-count", "2", "--instance-match-criteria", "targeted", "--query", "CapacityReservation.CapacityReservationId")), `"`)
	into := []string{"ec2", "run-instances", "--image-id", image, "--instance-type", "m6i.large", "--placement", "AvailabilityZone=us-west-2b",
		"--capacity-reservation-specification", "CapacityReservationTarget={CapacityReservationId=" + id + "}", "--count"}
	c.run("ReservationCapacityExceeded", append(into, "3")...)
	c.run("", append(into, "1")...)
	c.settle("2\t1\tactive", "ec2", "describe-capacity-reservations", "--capacity-reservation-ids", id, "--query", "CapacityReservations[0].[TotalInstanceCount,AvailableInstanceCount,State]")
	c.run("", "ec2", "cancel-capacity-reservation", "--capacity-reservation-id", id)
	c.run("InvalidCapacityReservationId.NotFound", "ec2", "describe-capacity-reservations", "--capacity-reservation-ids", "cr-00000000000000000")
}

// session assumes a role, and asks as that.
func (c *cli) session() {
	c.t.Helper()
	var out struct {
		Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }
	}
	c.read(&out, "sts", "assume-role", "--role-arn", "arn:aws:iam::000000000000:role/reader", "--role-session-name", "test")
	as := *c
	as.env = append(slices.Clone(c.env), "AWS_ACCESS_KEY_ID="+out.Credentials.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+out.Credentials.SecretAccessKey, "AWS_SESSION_TOKEN="+out.Credentials.SessionToken)
	var who struct{ Arn string }
	if as.read(&who, "sts", "get-caller-identity"); who.Arn != "arn:aws:sts::000000000000:assumed-role/reader/test" {
		c.t.Errorf("with the session's credentials it is %s", who.Arn)
	}
	as.env = append(as.env, "AWS_SESSION_TOKEN=another")
	as.run("InvalidClientTokenId", "sts", "get-caller-identity")
}

// settle asks until the answer is what it should be; the deadline only ends a test that
// has failed.
func (c *cli) settle(want string, args ...string) {
	c.t.Helper()
	var got string
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if got = strings.TrimSpace(c.run("", append(args, "--output", "text")...)); got == want {
			return
		}
	}
	c.t.Fatalf("aws %s: it is %q, want %q", strings.Join(args, " "), got, want)
}

// scale makes a group of Auto Scaling with the template that fleet has made, and changes
// its size.
func (c *cli) scale() {
	c.t.Helper()
	c.run("", "autoscaling", "create-auto-scaling-group", "--auto-scaling-group-name", "web", "--min-size", "0", "--max-size", "4", "--desired-capacity", "2",
		"--availability-zones", "us-west-2b", "us-west-2c", "--mixed-instances-policy",
		`{"LaunchTemplate":{"LaunchTemplateSpecification":{"LaunchTemplateName":"nodes","Version":"$Latest"},"Overrides":[{"InstanceType":"m5.large"},{"InstanceType":"c5.large"}]}}`)
	states := []string{"autoscaling", "describe-auto-scaling-groups", "--auto-scaling-group-names", "web", "--query"}
	c.settle("InService\tInService", append(states, "AutoScalingGroups[0].Instances[].LifecycleState")...)
	c.settle("us-west-2b\tus-west-2c", append(states, "sort(AutoScalingGroups[0].Instances[].AvailabilityZone)")...)
	c.run("above max value 4", "autoscaling", "set-desired-capacity", "--auto-scaling-group-name", "web", "--desired-capacity", "5")
	c.run("", "autoscaling", "set-desired-capacity", "--auto-scaling-group-name", "web", "--desired-capacity", "1")
	c.settle("1", append(states, "length(AutoScalingGroups[0].Instances)")...)
	c.settle("Successful\tSuccessful\tSuccessful", "autoscaling", "describe-scaling-activities", "--auto-scaling-group-name", "web", "--query", "Activities[].StatusCode")
	c.run("", "autoscaling", "delete-auto-scaling-group", "--auto-scaling-group-name", "web", "--force-delete")
}

// nodegroup makes a node group, updates it to a new image, and deletes it.
func (c *cli) nodegroup(s *Server) {
	c.t.Helper()
	var subnets []string
	c.read(&subnets, "ec2", "describe-subnets", "--query", "Subnets[:2].SubnetId")
	c.run("", append([]string{
		"eks", "create-nodegroup", "--cluster-name", "ullage", "--nodegroup-name", "ng", "--node-role", "arn:aws:iam::000000000000:role/node",
		"--scaling-config", "minSize=1,maxSize=3,desiredSize=2", "--instance-types", "m5.large", "--labels", "team=blue", "--subnets",
	}, subnets...)...)
	describe := []string{"eks", "describe-nodegroup", "--cluster-name", "ullage", "--nodegroup-name", "ng", "--query"}
	c.settle("ACTIVE", append(describe, "nodegroup.status")...)
	c.settle("1.36.0-20261101", append(describe, "nodegroup.releaseVersion")...)
	s.Do(func(w *world.World) {
		if err := w.ReleaseImages("v20261115"); err != nil {
			c.t.Fatal(err)
		}
	})
	id := strings.Trim(strings.TrimSpace(c.run("", "eks", "update-nodegroup-version", "--cluster-name", "ullage", "--nodegroup-name", "ng", "--query", "update.id")), `"`)
	c.settle("Successful", "eks", "describe-update", "--name", "ullage", "--nodegroup-name", "ng", "--update-id", id, "--query", "update.status")
	c.settle("1.36.0-20261115", append(describe, "nodegroup.releaseVersion")...)
	c.run("", "eks", "delete-nodegroup", "--cluster-name", "ullage", "--nodegroup-name", "ng")
	c.settle("0", "eks", "list-nodegroups", "--cluster-name", "ullage", "--query", "length(nodegroups)")

	c.run("", "eks", "create-fargate-profile", "--cluster-name", "ullage", "--fargate-profile-name", "study", "--pod-execution-role-arn", "arn:aws:iam::000000000000:role/pods",
		"--selectors", "namespace=study-*", "namespace=kube-system,labels={app=dns}")
	c.settle("ACTIVE", "eks", "describe-fargate-profile", "--cluster-name", "ullage", "--fargate-profile-name", "study", "--query", "fargateProfile.status")
}

// fleet asks for a fleet whose first pool is sold out, and for a Spot instance.
func (c *cli) fleet(s *Server, image string) {
	c.t.Helper()
	c.run("", "ec2", "create-launch-template", "--launch-template-name", "nodes", "--launch-template-data", `{"ImageId":"`+image+`"}`)
	s.Do(func(w *world.World) {
		if _, err := w.Cloud().SetCapacity(w.Now(), simulated.Pattern{InstanceType: "c5.large", Zone: "us-west-2a"}, 0); err != nil {
			c.t.Fatal(err)
		}
	})
	var fleet struct {
		Instances []struct {
			InstanceIDs  []string
			InstanceType string
		}
		Errors []struct{ ErrorCode string }
	}
	config, err := json.Marshal([]any{map[string]any{
		"LaunchTemplateSpecification": map[string]any{"LaunchTemplateName": "nodes", "Version": "$Latest"},
		"Overrides": []any{
			map[string]any{"InstanceType": "c5.large", "AvailabilityZone": "us-west-2a", "Priority": 1},
			map[string]any{"InstanceType": "m5.large", "AvailabilityZone": "us-west-2a", "Priority": 2},
		},
	}})
	if err != nil {
		c.t.Fatal(err)
	}
	c.read(&fleet, "ec2", "create-fleet", "--type", "instant", "--launch-template-configs", string(config),
		"--target-capacity-specification", "TotalTargetCapacity=3,DefaultTargetCapacityType=on-demand", "--on-demand-options", "AllocationStrategy=prioritized")
	if len(fleet.Errors) != 1 || fleet.Errors[0].ErrorCode != "InsufficientInstanceCapacity" || len(fleet.Instances) != 1 || len(fleet.Instances[0].InstanceIDs) != 3 {
		c.t.Errorf("got %+v, want three m5.large and one shortage", fleet)
	}
	c.run("", "ec2", "run-instances", "--launch-template", "LaunchTemplateName=nodes", "--instance-type", "m5.large", "--instance-market-options", "MarketType=spot")
	var status []string
	if c.read(&status, "ec2", "describe-spot-instance-requests", "--filters", "Name=launch.instance-type,Values=m5.large", "--query", "SpotInstanceRequests[].Status.Code"); len(status) != 1 || status[0] != "fulfilled" {
		c.t.Errorf("got Spot requests with status %q, want one that is fulfilled", status)
	}
	var prices []string
	c.read(&prices, "ec2", "describe-spot-price-history", "--instance-types", "m5.large", "--product-descriptions", "Linux/UNIX", "--start-time", "2026-01-01",
		"--availability-zone", "us-west-2a", "--max-items", "30", "--query", "SpotPriceHistory[].SpotPrice")
	if len(prices) != 30 {
		c.t.Errorf("got %d prices, want 30", len(prices))
	}
}

// interruption takes the Spot instances back and waits on the queue for the warning.
func (c *cli) interruption(s *Server) {
	c.t.Helper()
	url := strings.Trim(strings.TrimSpace(c.run("", "sqs", "get-queue-url", "--queue-name", "ullage", "--query", "QueueUrl")), `"`)
	c.run("NonExistentQueue", "sqs", "get-queue-url", "--queue-name", "none")
	// What happened so far is thrown away, so that the warning is among the next messages.
	s.Do(func(w *world.World) {
		q := w.Queue("ullage")
		for old := w.Receive(q, 10, cluster.Hour); len(old) > 0; old = w.Receive(q, 10, cluster.Hour) {
			for _, m := range old {
				w.Delete(q, m.Receipt)
			}
		}
		w.Reclaim(simulated.Pattern{InstanceType: "m5.large", CapacityType: cluster.Spot}, 0)
	})
	var bodies []string
	c.read(&bodies, "sqs", "receive-message", "--queue-url", url, "--max-number-of-messages", "10", "--wait-time-seconds", "20", "--query", "Messages[].Body")
	if !strings.Contains(strings.Join(bodies, "\n"), "EC2 Spot Instance Interruption Warning") {
		c.t.Errorf("got %q, want an interruption warning", bodies)
	}
}

// TestCommandLineSignature checks that a wrong secret is noticed.
func TestCommandLineSignature(t *testing.T) {
	c, _ := newCLI(t)
	c.env = append(c.env, "AWS_SECRET_ACCESS_KEY=another")
	c.run("AuthFailure", "ec2", "describe-regions")
	c.run("SignatureDoesNotMatch", "sts", "get-caller-identity")
	c.run("InvalidSignatureException", "eks", "describe-cluster", "--name", "ullage")
	c.env = append(c.env, "AWS_SECRET_ACCESS_KEY="+cliSecret)
	c.run("", "eks", "describe-cluster", "--name", "ullage")
	c.env = append(c.env, "AWS_ACCESS_KEY_ID=AKIDNOBODY")
	c.run("InvalidClientTokenId", "sts", "get-caller-identity")
	resp, err := http.Get(c.url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // it is not read
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("without a signature: got %s, want 403", resp.Status)
	}
}
