package interruption

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ullage-sh/ullage/cluster"
)

// TestRead: events in the form that AWS documents.
func TestRead(t *testing.T) {
	at := cluster.Instant(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).UnixNano())
	ec2 := func(kind, detail string) string {
		return `{"version":"0","id":"1","source":"aws.ec2","detail-type":"` + kind + `","account":"000000000000","time":"2026-11-21T12:00:00Z","region":"us-west-2","resources":[],"detail":` + detail + `}`
	}
	health := func(detail string) string {
		return `{"source":"aws.health","detail-type":"AWS Health Event","time":"2026-11-21T12:00:00Z","detail":` + detail + `}`
	}
	for name, x := range map[string]struct {
		body      string
		instances string // comma-separated, "" for nothing to say
		kind      cluster.NoticeKind
		ends      cluster.Instant
		problem   string
	}{
		"spot": {ec2("EC2 Spot Instance Interruption Warning", `{"instance-id":"i-1","instance-action":"terminate"}`), "i-1", cluster.Interruption, at.Add(2 * cluster.Minute), ""},
		"reservation": {ec2("EC2 Capacity Reservation Instance Interruption Warning", `{"instance-id":"i-1","instance-action":"terminate"}`), "i-1", cluster.Interruption,
			at.Add(2 * cluster.Minute), ""},
		"rebalance":     {ec2("EC2 Instance Rebalance Recommendation", `{"instance-id":"i-1"}`), "i-1", cluster.AtRisk, 0, ""},
		"running":       {ec2("EC2 Instance State-change Notification", `{"instance-id":"i-1","state":"running"}`), "", "", 0, ""},
		"stopping":      {ec2("EC2 Instance State-change Notification", `{"instance-id":"i-1","state":"stopping"}`), "i-1", cluster.Interruption, at, ""},
		"shutting-down": {ec2("EC2 Instance State-change Notification", `{"instance-id":"i-1","state":"shutting-down"}`), "i-1", cluster.Interruption, at, ""},
		"retirement": {health(`{"service":"EC2","eventTypeCategory":"scheduledChange","eventTypeCode":"AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED",
			"startTime":"Sat, 21 Nov 2026 13:00:00 GMT","affectedEntities":[{"entityValue":"i-1"},{"entityValue":"i-2"}]}`), "i-1,i-2", cluster.Interruption, at.Add(cluster.Hour), ""},
		"another service": {health(`{"service":"RDS","eventTypeCategory":"scheduledChange","affectedEntities":[{"entityValue":"db"}]}`), "", "", 0, ""},
		"an issue":        {health(`{"service":"EC2","eventTypeCategory":"issue"}`), "", "", 0, ""},
		"anything else":   {`{"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":{"name":"b"}}}`, "", "", 0, ""},
		"no JSON":         {`hello`, "", "", 0, "no event of EventBridge"},
		"no event":        {`{"Type":"Notification"}`, "", "", 0, "no event of EventBridge"},
		"no instance":     {ec2("EC2 Spot Instance Interruption Warning", `{}`), "", "", 0, "names no instance"},
		"no time":         {strings.Replace(ec2("EC2 Spot Instance Interruption Warning", `{"instance-id":"i-1"}`), "2026-11-21T12:00:00Z", "noon", 1), "", "", 0, "does not say when"},
		"other types":     {ec2("EC2 Spot Instance Interruption Warning", `{"instance-id":7}`), "", "", 0, "no event of EventBridge"},
	} {
		a, err := read(x.body, spotWarning)
		if (err == nil) != (x.problem == "") || err != nil && !strings.Contains(err.Error(), x.problem) {
			t.Errorf("%s: error %v, want %q", name, err, x.problem)
			continue
		}
		if got := strings.Join(a.instances, ","); got != x.instances || a.kind != x.kind && got != "" || a.ends != x.ends {
			t.Errorf("%s: %+v, want %s of %s, %v", name, a, x.kind, x.instances, x.ends)
		}
	}
}

// FuzzRead: nothing on a queue makes it fail, and what it says names instances.
func FuzzRead(f *testing.F) {
	f.Add(`{"source":"aws.ec2","detail-type":"EC2 Instance Rebalance Recommendation","detail":{"instance-id":"i-1"}}`)
	f.Add(`{"source":"aws.health","detail-type":"AWS Health Event","detail":{"service":"EC2","eventTypeCategory":"scheduledChange","startTime":"Sat, 21 Nov 2026 13:00:00 GMT","affectedEntities":[{}]}}`)
	f.Fuzz(func(t *testing.T, body string) {
		a, err := read(body, spotWarning)
		if err == nil && (slices.Contains(a.instances, "") || len(a.instances) > 0 && a.kind == cluster.Interruption && a.ends <= 0) {
			t.Errorf("%+v", a)
		}
	})
}
