package workload

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

// all reads a trace to its end.
func all(text string) (out []Arrival, err error) {
	t, err := NewTrace("trace", strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	for {
		a, err := t.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		out = append(out, a)
	}
}

const csvTrace = `# pods of a day
submit, cpu, memory, duration, count, app, spread, apart, zone, priority, protected, grace, gpu
0, 500m, 1Gi, 60, 2, web, zone, , , , , ,
1.5, 0.25, 100Mi, , , , , , ap-northeast-2a, 100, true, 5, 1
1.5, 251m, 107374183, 0, 1, db, , hostname, , -3, false, ,
`

const jsonTrace = `{"submit": 0, "cpu": "500m", "memory": "1Gi", "duration": 60, "count": 2, "app": "web", "spread": "zone"}

{"submit": "1.5", "cpu": 0.25, "memory": "100Mi", "zone": "ap-northeast-2a", "priority": 100, "protected": true, "grace": 5, "gpu": 1}
{"submit": 1.5, "cpu": "251m", "memory": 107374183, "duration": 0, "app": "db", "apart": "hostname", "priority": -3, "protected": null}
`

func TestTraces(t *testing.T) {
	for name, text := range map[string]string{"csv": csvTrace, "json": jsonTrace} {
		t.Run(name, func(t *testing.T) {
			got, err := all(text)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != 4 {
				t.Fatalf("%d pods, want 4", len(got))
			}
			if got[0].Pod != got[1].Pod || got[1].Pod == got[2].Pod {
				t.Error("pods of one row are not alike, or others are")
			}
			web, gpu, db := got[1], got[2], got[3]
			if web.At != 0 || web.Runs != cluster.Minute || len(web.Pod.Demand.Spreads) != 1 || web.Pod.Demand.Spreads[0].Key != cluster.LabelZone || web.Pod.Labels[App] != "web" {
				t.Errorf("web: %+v %+v", web, web.Pod.Demand)
			}
			if r := web.Pod.Demand.Requests; r.Get(cluster.CPU) != 500 || r.Get(cluster.Memory) != 1<<30 || r.Get(cluster.Pods) != 1 {
				t.Errorf("web requests %v", r)
			}
			if gpu.At != 1500*cluster.Millisecond || gpu.Runs != 0 || !gpu.Pod.Protected || gpu.Pod.Priority != 100 || gpu.Pod.Grace != 5*cluster.Second {
				t.Errorf("gpu: %+v %+v", gpu, gpu.Pod)
			}
			if r := gpu.Pod.Demand.Requests; r.Get("nvidia.com/gpu") != 1 || r.Get(cluster.Memory) != 112<<20 {
				t.Errorf("gpu requests %v", r)
			}
			if r := db.Pod.Demand.Requests; r.Get(cluster.CPU) != 260 || r.Get(cluster.Memory) != 112<<20 || len(db.Pod.Demand.PodAntiAffinity) != 1 || db.Pod.Priority != -3 {
				t.Errorf("db: %+v", db.Pod)
			}
		})
	}
}

func TestTracesWithMistakes(t *testing.T) {
	for _, x := range []struct{ text, want string }{
		{"", "trace:1: the trace is empty"},
		{"submit,cpu\n", "trace:1: column memory is missing"},
		{"submit,cpu,memory,cpu\n", "trace:1: column cpu is there twice"},
		{"submit,cpu,memory,color\n", `trace:1: there is no column "color": there are submit, duration`},
		{"submit,cpu,memory\n0,1,1Gi\n0,half,1Gi\n", `trace:3: cpu: "half" is not a quantity`},
		{"submit,cpu,memory\n5,1,1Gi\n\n4,1,1Gi\n", "trace:4: submit is 4s, the line before says 5s"},
		{"submit,cpu,memory\n,1,1Gi\n", "trace:2: submit is missing"},
		{"submit,cpu,memory\n0,1\n", "trace:2: wrong number of fields"},
		{"submit,cpu,memory\n0,1,\"1Gi\n", "trace:"},
		{"submit,cpu,memory,spread\n0,1,1Gi,zone\n", "spread: the pod belongs to no app"},
		{"submit,cpu,memory,spread,app\n0,1,1Gi,rack,web\n", `"rack" is neither zone nor hostname`},
		{"submit,cpu,memory,count\n0,1,1Gi,1000001\n", "count: \"1000001\" is not a whole number from 0 to 1000000"},
		{"submit,cpu,memory\n1e9,1,1Gi\n", "submit: \"1e9\" is not a number of seconds"},
		{"submit,cpu,memory\n9999999999,1,1Gi\n", "more than a hundred years"},
		{"submit,cpu,memory\n0,9999999999Ti,1Gi\n", "is too large"},
		{`{"submit":0,"cpu":1,"memory":"1Gi"} {"submit":0}`, "trace:1: there is more after the object"},
		{`{"submit":0,"cpu":[1],"memory":"1Gi"}`, "trace:1: cpu: want a text"},
		{"{\"submit\":0,\"cpu\":1,\"memory\":\"1Gi\"}\n{\"submit\":0,\"colour\":1}", `trace:2: there is no column "colour"`},
		{"{\"submit\":0,\"cpu\":1", "trace:1: unexpected EOF"},
	} {
		if _, err := all(x.text); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%q: got %v, want an error with %q", x.text, err, x.want)
		}
	}
}

// long is a trace of n rows that is made while it is read.
type long struct {
	n, at int
	rest  []byte
}

func (l *long) Read(p []byte) (int, error) {
	for len(l.rest) == 0 {
		switch {
		case l.at > l.n:
			return 0, io.EOF
		case l.at == 0:
			l.rest = []byte("submit,cpu,memory,duration,app\n")
		default:
			l.rest = fmt.Appendf(nil, "%d,%dm,%dMi,%d,app-%d\n", l.at, 1+l.at%1000, 1+l.at%4000, l.at%7200, l.at%100)
		}
		l.at++
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// TestTraceIsStreamed: what is held does not grow with the trace.
func TestTraceIsStreamed(t *testing.T) {
	read := func(n int) uint64 {
		trace, err := NewTrace("long", &long{n: n})
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; ; i++ {
			_, err := trace.Next()
			if errors.Is(err, io.EOF) {
				if i != n {
					t.Fatalf("%d pods, want %d", i, n)
				}
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		runtime.KeepAlive(trace)
		return m.HeapAlloc
	}
	if short, full := read(100_000), read(400_000); full > short+short/2+1<<20 {
		t.Errorf("100,000 rows hold %d bytes, 400,000 hold %d", short, full)
	}
}

func FuzzTrace(f *testing.F) {
	f.Add(csvTrace)
	f.Add(jsonTrace)
	f.Add("submit,cpu,memory\n0,1,1Gi\n")
	f.Add("{\"submit\":0,\"cpu\":1,\"memory\":\"1.5Gi\"}\n")
	f.Fuzz(func(t *testing.T, text string) {
		trace, err := NewTrace("fuzz", strings.NewReader(text))
		last := cluster.Duration(0)
		for n := 0; err == nil && n < 10_000; n++ {
			var a Arrival
			if a, err = trace.Next(); err != nil {
				break
			}
			if a.At < last || a.Runs < 0 || a.Pod == nil || a.Pod.Demand.Key == "" {
				t.Fatalf("arrival %+v after %s", a, last)
			}
			for _, r := range a.Pod.Demand.Requests {
				if r.Value <= 0 {
					t.Fatalf("requests %v", a.Pod.Demand.Requests)
				}
			}
			last = a.At
		}
		var mistake *TraceError
		if err != nil && !errors.Is(err, io.EOF) && (!errors.As(err, &mistake) || mistake.Line < 1) {
			t.Fatalf("the mistake has no line: %v", err)
		}
	})
}

func TestQuantities(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1000, "0.5": 500, "500m": 500, ".5": 500, "1.": 1000, "2k": 2_000_000, "1Ki": 1_024_000, "1.5Gi": 1_610_612_736_000, "0.0001": 1, "0": 0,
	} {
		if got, err := ParseQuantity(text); err != nil || got != want {
			t.Errorf("%s is %d thousandths, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", ".", "m", "-1", "1e3", "1 Gi", "Gi", "1.2.3", "0x10", "1_000", "99999999999999999999", "1.0000000001"} {
		if got, err := ParseQuantity(text); err == nil {
			t.Errorf("%q is read as %d", text, got)
		}
	}
}
