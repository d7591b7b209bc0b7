package awssim

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

// TestTraffic: a launch is under way until it is answered; whoever leaves before has launched
// all the same.
func TestTraffic(t *testing.T) {
	answering, let := make(chan struct{}), make(chan struct{})
	l := newLab(t, world.Config{Seed: 9}, func(c *Config) {
		c.Sleep = func(ctx context.Context, _ cluster.Duration) error {
			answering <- struct{}{}
			select {
			case <-let:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
	image := l.image(t)
	const name = "ec2:RunInstances"
	for k, leave := range []bool{false, true} {
		ctx, cancel := context.WithCancel(context.Background())
		answered := make(chan error)
		go func() {
			_, err := l.ec2.RunInstances(ctx, &awsec2.RunInstancesInput{ImageId: &image, InstanceType: "m5.large", MinCount: aws.Int32(1), MaxCount: aws.Int32(1)})
			answered <- err
		}()
		<-answering
		if n := l.Underway(name); n != 1 {
			t.Errorf("%d launches are under way, want 1", n)
		}
		if leave {
			cancel()
		} else {
			let <- struct{}{}
		}
		if err := <-answered; (err != nil) != leave {
			t.Errorf("leaves %t: %v", leave, err)
		}
		cancel()
		for l.Underway(name) > 0 { // it has to notice that the connection is gone
			l.clock.pass(cluster.Second)
		}
		launched := 0
		l.Do(func(w *world.World) { launched = len(w.Launches()) })
		if n := l.Abandoned(name); n != k || launched != k+1 {
			t.Errorf("leaves %t: %d were abandoned, %d instances launched; want %d and %d", leave, n, launched, k, k+1)
		}
	}
}
