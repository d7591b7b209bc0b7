package world

import (
	"encoding/json"
	"time"
)

// bus is what EventBridge says of an instance.
type bus struct {
	kind     string // detail-type
	instance string
	detail   map[string]any
}

func stateEvent(id, state string) bus {
	return bus{"EC2 Instance State-change Notification", id, map[string]any{"instance-id": id, "state": state}}
}

func rebalanceEvent(id string) bus {
	return bus{"EC2 Instance Rebalance Recommendation", id, map[string]any{"instance-id": id}}
}

func interruptionEvent(id string) bus {
	return bus{"EC2 Spot Instance Interruption Warning", id, map[string]any{"instance-id": id, "instance-action": "terminate"}}
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
		"0", w.uuid("event"), e.kind, "aws.ec2", w.cfg.Account,
		Time(w.now).Format(time.RFC3339), w.cfg.Region, []string{w.ARN("ec2", w.cfg.Region, "instance/"+e.instance)}, e.detail,
	})
	if err != nil {
		panic(err) // strings always marshal
	}
	for _, q := range w.queues {
		w.Send(q, string(body))
	}
}
