package manifest_test

import (
	"flag"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/manifest"
)

var large = flag.Int64("large", 0, "MB of generated input to read in TestLarge, in each format")

// TestLarge reads a dump of pods of that size and tells the most memory in use
// while it does. By hand, because it takes a while:
//
//	go test ./manifest -run TestLarge -large 100 -v
func TestLarge(t *testing.T) {
	bytes := *large * 1_000_000
	if bytes == 0 {
		bytes = 300_000 // enough to see that memory does not grow with the input
	}
	for _, format := range []string{"yaml", "json"} {
		in := &dump{format: format, left: bytes}
		o, err := manifest.Read([]string{manifest.Stdin}, manifest.Options{Stdin: in})
		if err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		if len(o.Pods) != in.pods || in.pods == 0 {
			t.Errorf("%s: %d pods read, %d written", format, len(o.Pods), in.pods)
		}
		t.Logf("%s: %d MB, %d pods: at most %d MiB of heap in use while reading", format, in.read/1_000_000, in.pods, in.heap>>20)
		// Records and the largest piece are kept, the text is not.
		if most := uint64(bytes)/2 + 64<<20; in.heap > most {
			t.Errorf("%s: %d MiB of heap in use for %d MB of input, want less than %d MiB", format, in.heap>>20, in.read/1_000_000, most>>20)
		}
	}
}

// dump writes what "kubectl get pods -o FORMAT" would, and looks at the heap now and
// then.
type dump struct {
	format     string
	left, read int64
	pods       int
	buf        string
	state      int // 0 at the beginning, 1 within, 2 at the end
	heap       uint64
}

func (d *dump) Read(b []byte) (int, error) {
	for d.buf == "" {
		if d.state == 2 {
			return 0, io.EOF
		}
		d.fill()
	}
	n := copy(b, d.buf)
	d.buf, d.left, d.read = d.buf[n:], d.left-int64(n), d.read+int64(n)
	return n, nil
}

func (d *dump) fill() {
	begin, end := "apiVersion: v1\nitems:\n", "kind: List\n"
	if d.format == "json" {
		begin, end = `{"apiVersion": "v1", "items": [`, `], "kind": "List"}`
	}
	switch {
	case d.state == 0:
		d.state, d.buf = 1, begin
	case d.left <= 0:
		d.state, d.buf = 2, end
	default:
		d.buf = d.pod()
		d.pods++
		if d.pods%500 == 1 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			d.heap = max(d.heap, m.HeapInuse)
		}
	}
}

// pod is one pod with the ballast that pods of a cluster have.
func (d *dump) pod() string {
	name, uid := fmt.Sprintf("web-%d", d.pods), fmt.Sprintf("uid-%d", d.pods)
	cpu, memory := 50*(1+d.pods%20), 64*(1+d.pods%30)
	if d.format == "json" {
		env := strings.Repeat(`{"name": "SETTING", "value": "a value of some length, as people have them"}, `, 30)
		comma := ""
		if d.pods > 0 {
			comma = ",\n"
		}
		return fmt.Sprintf(`%s{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": %q, "namespace": "shop", "uid": %q, "resourceVersion": "1", "labels": {"app": "web"}},
 "spec": {"containers": [{"name": "c", "env": [%s{"name": "LAST"}], "resources": {"requests": {"cpu": "%dm", "memory": "%dMi"}}}]}, "status": {"phase": "Pending"}}`,
			comma, name, uid, env, cpu, memory)
	}
	env := strings.Repeat("      - name: SETTING\n        value: a value of some length, as people have them\n", 30)
	return fmt.Sprintf(`- apiVersion: v1
  kind: Pod
  metadata:
    labels:
      app: web
    name: %s
    namespace: shop
    resourceVersion: "1"
    uid: %s
  spec:
    containers:
    - name: c
      env:
%s      resources:
        requests:
          cpu: %dm
          memory: %dMi
  status:
    phase: Pending
`, name, uid, env, cpu, memory)
}
