package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestSnapshots reads the requests that the SDK's modules carry as fixtures (EC2's alone
// has 811), and has the SDK write them again from what was read: the same request must
// come out.
func TestSnapshots(t *testing.T) {
	for _, s := range allServices() {
		t.Run(s.name, func(t *testing.T) {
			files, err := filepath.Glob(filepath.Join(moduleOf(t, s.name), "request_snapshot", "*.request.snap"))
			if err != nil || len(files) == 0 {
				t.Fatalf("the module of %s carries no request snapshots (%v): the test looks at nothing", s.name, err)
			}
			tap := &wireTap{}
			ops := operations(t, s.client(tap))
			same := 0
			for _, file := range files {
				name, _, _ := strings.Cut(filepath.Base(file), ".")
				if !s.served(name) {
					continue
				}
				err := again(s, tap, ops, name, file)
				if reason := unreadable[s.name+" "+name]; reason != "" {
					if err == nil || !strings.Contains(err.Error(), reason) {
						t.Errorf("%s is listed as not readable because of %q, but got %v", name, reason, err)
					}
					t.Logf("not read: %s %s: %s", s.name, name, reason)
					continue
				}
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				same++
			}
			t.Logf("%s: %d of %d snapshots", s.name, same, len(files))
		})
	}
}

// unreadable are the snapshots that do not come out the same, with the reason: one that
// the SDK has a field for that only it can set, maps in a query protocol, unions in JSON,
// and one that is cut off where the SDK itself calls it invalid.
var unreadable = map[string]string{
	"ec2 CopySnapshot":            "DestinationRegion is not recognized",
	"iam SimulatePrincipalPolicy": "PolicyExclusionList.member.1 has no members",
	"ssm CreateCloudConnector":    "Configuration is of a kind that is not simulated",
	"ssm ListNodesSummary":        "Aggregators[0].Aggregators[0].AggregatorType",
	"ssm StartExecutionPreview":   "ExecutionInputs is of a kind that is not simulated",
	"ssm UpdateCloudConnector":    "Configuration is of a kind that is not simulated",
	"iam AcquireRole":             "ReplacementValues has no members",
	"iam PutAccountProperties":    "Properties has no members",
}

// again reads a snapshot and lets the client send what was read.
func again(s service, tap *wireTap, ops []operation, name, file string) error {
	i := slices.IndexFunc(ops, func(o operation) bool { return o.name == name })
	if i < 0 {
		return errors.New("the client has no such operation")
	}
	snapshot, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	r, body, err := parseSnapshot(string(snapshot))
	if err != nil {
		return err
	}
	req, err := s.protocol.Read(r, body)
	if err != nil {
		return err
	}
	if req.Operation != name {
		return fmt.Errorf("read as %s", req.Operation)
	}
	in := reflect.New(ops[i].input)
	if err := req.Decode(in.Interface()); err != nil {
		return err
	}
	var difference error
	tap.answer = func(sent *http.Request, sentBody []byte) (Response, error) {
		difference = compare(r, body, sent, sentBody)
		return Response{}, errors.New("nobody waits for an answer")
	}
	difference = errors.New("the client sent nothing")
	if _, err := ops[i].do(in); difference != nil {
		return fmt.Errorf("%w (%w)", difference, err)
	}
	return nil
}

// parseSnapshot reads "METHOD target", headers and a body, with blank lines between.
func parseSnapshot(text string) (*http.Request, []byte, error) {
	first, rest, _ := strings.Cut(text, "\n\n")
	headers, body, _ := strings.Cut(rest, "\n\n")
	if !strings.Contains(headers, ": ") {
		headers, body = "", strings.TrimLeft(rest, "\n")
	}
	method, target, _ := strings.Cut(first, " ")
	r, err := http.NewRequest(method, "http://aws.test"+target, nil)
	if err != nil {
		return nil, nil, err
	}
	for line := range strings.Lines(headers) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			r.Header.Set(key, value)
		}
	}
	return r, []byte(body), nil
}

// compare tells how two requests differ in what they ask for.
func compare(want *http.Request, wantBody []byte, got *http.Request, gotBody []byte) error {
	if want.Method != got.Method || want.URL.EscapedPath() != got.URL.EscapedPath() || want.URL.Query().Encode() != got.URL.Query().Encode() {
		return fmt.Errorf("want %s %s, got %s %s", want.Method, want.URL, got.Method, got.URL)
	}
	if bytes.Equal(wantBody, gotBody) {
		return nil
	}
	var a, b any
	if json.Unmarshal(wantBody, &a) == nil && json.Unmarshal(gotBody, &b) == nil && reflect.DeepEqual(a, b) {
		return nil
	}
	x, errX := url.ParseQuery(string(wantBody))
	y, errY := url.ParseQuery(string(gotBody))
	if errX == nil && errY == nil && reflect.DeepEqual(x, y) {
		return nil
	}
	return fmt.Errorf("want the body\n%s\ngot\n%s", wantBody, gotBody)
}

// moduleOf is where the module of a service is on this machine.
func moduleOf(t *testing.T, service string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2/service/"+service).Output()
	if err != nil {
		t.Fatalf("go list -m: %v", err)
	}
	return strings.TrimSpace(string(out))
}
