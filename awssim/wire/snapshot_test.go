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
// come out, but for those in testdata/unreadable.txt, which says why. Of EKS, whose
// protocol has to be told each operation, the others are not read at all.
func TestSnapshots(t *testing.T) {
	listed := unreadable(t)
	for _, s := range allServices() {
		t.Run(s.name, func(t *testing.T) {
			files, err := filepath.Glob(filepath.Join(moduleOf(t, s.name), "request_snapshot", "*.request.snap"))
			if err != nil || len(files) == 0 {
				t.Fatalf("the module of %s carries no request snapshots (%v): the test looks at nothing", s.name, err)
			}
			tap := &wireTap{}
			ops := operations(t, s.client(tap))
			same, unread, unserved := 0, 0, 0
			for _, file := range files {
				name, _, _ := strings.Cut(filepath.Base(file), ".")
				says, isListed := listed[s.name+" "+name]
				delete(listed, s.name+" "+name)
				if !s.served(name) {
					unserved++
					continue
				}
				err := again(s, tap, ops, name, file)
				switch {
				case isListed && (err == nil || !strings.Contains(err.Error(), says)):
					t.Errorf("%s is listed as not readable because of %q, but got %v", name, says, err)
				case isListed:
					unread++
				case err != nil:
					t.Errorf("%s: %v: mend it, or say why not in testdata/unreadable.txt", name, err)
				default:
					same++
				}
			}
			t.Logf("%s: of %d snapshots %d come out the same, %d do not (testdata/unreadable.txt), %d are of operations that are not served", s.name, len(files), same, unread, unserved)
			if s.name != "eks" && unserved > 0 {
				t.Errorf("%d snapshots are not looked at", unserved)
			}
		})
	}
	for name := range listed {
		t.Errorf("testdata/unreadable.txt lists %s, of which there is no snapshot any more", name)
	}
}

// unreadable are the snapshots that do not come out the same, with what is said of them.
func unreadable(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "unreadable.txt"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		parts := strings.SplitN(line, ": ", 3)
		if len(parts) != 3 || out[parts[0]] != "" {
			t.Fatalf("testdata/unreadable.txt: %q is not service, operation, error and reason, or is there twice", line)
		}
		out[parts[0]] = parts[1]
	}
	return out
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
