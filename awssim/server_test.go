package awssim

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

// TestTable checks that what is served under a name is that operation of the SDK.
func TestTable(t *testing.T) {
	w, err := world.New(world.Config{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for service, s := range New(Config{World: w}).services {
		for name, op := range s.operations {
			in := reflect.TypeOf(op.input()).Elem()
			if in.Name() != name+"Input" || !strings.HasSuffix(in.PkgPath(), "/service/"+service) {
				t.Errorf("%s:%s takes a %s", service, name, in)
			}
		}
	}
}

// TestConcurrentClients lets clients launch, look, tag and end instances at once: all
// that was launched is there, by itself, and nothing else.
func TestConcurrentClients(t *testing.T) {
	l := newLab(t, world.Config{Seed: 9}, nil)
	ctx := context.Background()
	const clients, each = 8, 5
	image := l.image(t)
	var wg sync.WaitGroup
	ids := make(chan string, clients*each)
	for c := range clients {
		wg.Go(func() {
			for n := range each {
				out, err := l.ec2.RunInstances(ctx, &awsec2.RunInstancesInput{
					ImageId: &image, InstanceType: "m5.large", MinCount: aws.Int32(1), MaxCount: aws.Int32(1), ClientToken: aws.String(fmt.Sprint(c, "-", n)),
				})
				if err != nil {
					t.Error(err)
					return
				}
				id := *out.Instances[0].InstanceId
				ids <- id
				l.clock.pass(2 * cluster.Second)
				_, err = l.ec2.CreateTags(ctx, &awsec2.CreateTagsInput{Resources: []string{id}, Tags: []types.Tag{{Key: aws.String("client"), Value: aws.String(fmt.Sprint(c))}}})
				if err != nil {
					t.Error(err)
				}
				if _, err := l.ec2.DescribeInstances(ctx, &awsec2.DescribeInstancesInput{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	close(ids)
	distinct := map[string]bool{}
	for id := range ids {
		distinct[id] = true
	}
	l.Do(func(w *world.World) {
		if n := len(w.Views()); n != clients*each || len(distinct) != n {
			t.Errorf("%d instances, %d ids, want %d of each", n, len(distinct), clients*each)
		}
		for _, v := range w.Views() {
			if len(w.Tags(v.ID)) != 1 {
				t.Errorf("%s has tags %v, want the one of its client", v.ID, w.Tags(v.ID))
			}
		}
	})
	if n := l.Counts()["ec2:RunInstances"]; n < clients*each {
		t.Errorf("RunInstances was counted %d times, want at least %d", n, clients*each)
	}
}

// TestStrangers: what is no request of AWS's gets an answer that says so.
func TestStrangers(t *testing.T) {
	l := newLab(t, world.Config{}, nil)
	ask := func(service, body string) (int, string) {
		r, err := http.NewRequest(http.MethodPost, l.url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if service != "" {
			r.Header.Set("Authorization", algorithm+" Credential=a/b/c/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }() // it is read
		var text strings.Builder
		if err := resp.Write(&text); err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, text.String()
	}
	for _, c := range []struct {
		service, body string
		status        int
		code          string
	}{
		{"", "", 403, "MissingAuthenticationToken"}, {"s3", "", 400, "UnknownService"}, {"ec2", "", 400, "MissingAction"},
		{"ec2", "Action=DescribeInstances&Version=2006-01-01", 400, "InvalidAction"}, {"ec2", "Action=CreateVpc&Version=2016-11-15", 400, "InvalidAction"},
		{"ec2", "Action=DescribeInstances&Version=2016-11-15&Colour=blue", 400, "UnknownParameter"},
		{"ec2", "Action=DescribeInstances&Version=2016-11-15&MaxResults=many", 400, "InvalidParameterValue"},
		{"ec2", "Action=DescribeInstances&Version=2016-11-15&DryRun=true&DryRun=true", 400, "MalformedQueryString"},
		{"ec2", strings.Repeat("x", maxBody+1), 413, ""},
	} {
		if status, text := ask(c.service, c.body); status != c.status || !strings.Contains(text, c.code) {
			t.Errorf("%s %.60q: got %d %.300s, want %d %s", c.service, c.body, status, text, c.status, c.code)
		}
	}
}
