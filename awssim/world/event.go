package world

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/ullage-sh/ullage/cluster"
)

// bus is what EventBridge says of an instance.
type bus struct {
	kind     string // detail-type
	source   string
	resource string
	detail   map[string]any
}

// ofEC2 is an event that EC2 says of an instance.
func (w *World) ofEC2(kind, id string, detail map[string]any) bus {
	detail["instance-id"] = id
	return bus{kind, "aws.ec2", w.ARN("ec2", w.cfg.Region, "instance/"+id), detail}
}

func (w *World) stateEvent(id, state string) bus {
	return w.ofEC2("EC2 Instance State-change Notification", id, map[string]any{"state": state})
}

func (w *World) rebalanceEvent(id string) bus {
	return w.ofEC2("EC2 Instance Rebalance Recommendation", id, map[string]any{})
}

func (w *World) interruptionEvent(id string) bus {
	return w.ofEC2("EC2 Spot Instance Interruption Warning", id, map[string]any{"instance-action": "terminate"})
}

// retirementEvent says that an instance will be retired. AWS Health writes times in
// another way than everybody else.
func (w *World) retirementEvent(id string, at cluster.Instant) bus {
	const code = "AWS_EC2_PERSISTENT_INSTANCE_RETIREMENT_SCHEDULED"
	return bus{"AWS Health Event", "aws.health", id, map[string]any{
		"eventArn": "arn:aws:health:" + w.cfg.Region + "::event/EC2/" + code + "/" + w.UUID("health"),
		"service":  "EC2", "eventTypeCode": code, "eventTypeCategory": "scheduledChange", "eventScopeCode": "ACCOUNT_SPECIFIC",
		"startTime": Time(at).Format(http.TimeFormat),
		"eventDescription": []any{map[string]any{
			"language": "en_US", "latestDescription": "The machine under instance " + id + " will be retired. The instance ends then.",
		}},
		"affectedEntities": []any{map[string]any{"entityValue": id}},
	}}
}

// Publish puts an event of another service on every queue; source is its name on
// EventBridge, aws.autoscaling.
func (w *World) Publish(source, kind, resource string, detail map[string]any) {
	w.publish(bus{kind, source, resource, detail})
}

// publish puts an event on every queue, in the form in which EventBridge's rules deliver
// events to SQS.
func (w *World) publish(e bus) {
	body, err := json.Marshal(struct {
		Version    string         `json:"version"`
		ID         string         `json:"id"`
		DetailType string         `json:"detail-type"`
		Source     string         `json:"source"`
		Account    string         `json:"account"`
		Time       string         `json:"time"`
		Region     string         `json:"region"`
		Resources  []string       `json:"resources"`
		Detail     map[string]any `json:"detail"`
	}{
		"0", w.UUID("event"), e.kind, e.source, w.cfg.Account,
		Time(w.now).Format(time.RFC3339), w.cfg.Region, []string{e.resource}, e.detail,
	})
	if err != nil {
		panic(err) // strings always marshal
	}
	for _, q := range w.queues {
		w.Send(q, string(body))
	}
}
