package interruption

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/ullage-sh/ullage/cluster"
)

// announced is what an event says.
type announced struct {
	instances []string
	kind      cluster.NoticeKind
	ends      cluster.Instant
	message   string
	// patience is how often it is received, unless it is acknowledged, before it is
	// dropped: the claim of an instance that was just launched may not be known yet.
	// Counting needs no clock that agrees with AWS's.
	patience int
}

// hiddenFor is for how long a message that was received is not received again.
const hiddenFor = 10 * cluster.Second

// Events are of three kinds, as far as patience goes: those that end within minutes,
// those with days to go, and news of instances that most often were ended by ourselves.
const (
	urgent   = 30
	foretold = 60
	news     = 3
)

// spotWarning is how long before it ends a Spot instance is warned.
const spotWarning = 2 * cluster.Minute

// event is EventBridge's envelope with the details of all kinds of events that matter.
type event struct {
	Source     string `json:"source"`
	DetailType string `json:"detail-type"`
	Time       string `json:"time"`
	Detail     struct {
		InstanceID string `json:"instance-id"`
		State      string `json:"state"`
		Action     string `json:"instance-action"`
		// Of AWS Health:
		Service   string `json:"service"`
		Category  string `json:"eventTypeCategory"`
		Code      string `json:"eventTypeCode"`
		StartTime string `json:"startTime"`
		Entities  []struct {
			Value string `json:"entityValue"`
		} `json:"affectedEntities"`
	} `json:"detail"`
}

// read reads a message. Warnings come so long before the end, which they do not tell. What
// is nothing to us announces nothing; an error is a message that nobody understands.
func read(body string, warning cluster.Duration) (announced, error) {
	var e event
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		return announced{}, fmt.Errorf("no event of EventBridge: %w", err)
	}
	if e.Source == "" || e.DetailType == "" {
		return announced{}, fmt.Errorf("no event of EventBridge: want source and detail-type")
	}
	d := &e.Detail
	at := instant(time.RFC3339, e.Time)
	out := announced{instances: []string{d.InstanceID}, kind: cluster.Interruption, message: e.DetailType, patience: urgent}
	switch e.Source + ": " + e.DetailType {
	case "aws.ec2: EC2 Spot Instance Interruption Warning", "aws.ec2: EC2 Capacity Reservation Instance Interruption Warning":
		if at > 0 {
			out.ends = at.Add(warning)
		}
	case "aws.ec2: EC2 Instance Rebalance Recommendation":
		out.kind = cluster.AtRisk
	case "aws.ec2: EC2 Instance State-change Notification":
		switch d.State {
		case "stopping", "stopped", "shutting-down", "terminated":
			out.ends, out.message, out.patience = at, e.DetailType+": "+d.State, news
		default:
			return announced{}, nil
		}
	case "aws.health: AWS Health Event":
		if d.Service != "EC2" || d.Category != "scheduledChange" {
			return announced{}, nil
		}
		out.ends, out.message, out.patience = instant(time.RFC1123, d.StartTime), e.DetailType+": "+d.Code, foretold
		out.instances = nil
		for _, x := range d.Entities {
			out.instances = append(out.instances, x.Value)
		}
	default:
		return announced{}, nil
	}
	for _, id := range out.instances {
		if id == "" {
			return announced{}, fmt.Errorf("%s: it names no instance", e.DetailType)
		}
	}
	if out.ends <= 0 && out.kind == cluster.Interruption {
		return announced{}, fmt.Errorf("%s: it does not say when (time %q, startTime %q)", e.DetailType, e.Time, d.StartTime)
	}
	return out, nil
}

// instant reads a time; 0 for none.
func instant(layout, text string) cluster.Instant {
	t, err := time.Parse(layout, text)
	if err != nil {
		return 0
	}
	return cluster.Instant(t.UnixNano())
}
