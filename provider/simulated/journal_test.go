package simulated

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
)

// hazardous is a cloud whose Spot pools have a date to be reclaimed.
func hazardous() Config {
	cfg := config()
	cfg.Hazard = true
	return cfg
}

func open(t testing.TB, path string, now cluster.Instant) (*Cloud, Recovery) {
	t.Helper()
	c, r, err := Open(path, hazardous(), now)
	if err != nil {
		t.Fatal(err)
	}
	return c, r
}

func closeCloud(t testing.TB, c *Cloud) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

// busy does some of everything, in the 10 minutes after now.
func busy(t testing.TB, c *Cloud, now cluster.Instant, name string) {
	t.Helper()
	if _, err := c.SetCapacity(now, Pattern{InstanceType: "m5.large", CapacityType: cluster.Spot}, 9); err != nil {
		t.Fatal(err)
	}
	spot := launch(t, c, now, order(name+"-spot", 4, "m5.large/a/spot"))
	od := launch(t, c, now.Add(cluster.Minute), order(name+"-od", 4, "m5.large/b/on-demand"))
	if _, err := c.Terminate(now.Add(2*cluster.Minute), []string{od[0].ID, od[2].ID}); err != nil {
		t.Fatal(err)
	}
	if err := c.Kill(now.Add(3*cluster.Minute), od[1].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Reclaim(now.Add(4*cluster.Minute), Pattern{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Terminate(now.Add(5*cluster.Minute), []string{spot[0].ID}); err != nil {
		t.Fatal(err)
	}
	launch(t, c, now.Add(6*cluster.Minute), order(name+"-late", 2, "m6g.large/c/spot"))
}

// ask is everything a cloud answers in the hour from now on, a line an answer.
func ask(t testing.TB, c *Cloud, now cluster.Instant, name string) []string {
	t.Helper()
	machines, cursor := c.Machines(now)
	out := []string{fmt.Sprintf("room %d", c.room(offering("m5.large/a/spot")))}
	for _, m := range machines {
		out = append(out, fmt.Sprintf("machine %+v", m))
	}
	for _, i := range c.Inventory(now) {
		out = append(out, fmt.Sprintf("exists %+v", i))
	}
	for _, i := range launch(t, c, now, order(name+"-od", 4, "m5.large/b/on-demand")) {
		out = append(out, fmt.Sprintf("again %+v", i))
	}
	for at := c.Next(now); at < now.Add(cluster.Hour); at = c.Next(at) {
		out = append(out, fmt.Sprintf("at %v there are %d", at.Sub(now), len(c.List(at))))
	}
	events, _ := c.Events(now.Add(cluster.Hour), cursor)
	for _, e := range events {
		out = append(out, fmt.Sprintf("%v %v %s", e.At.Sub(now), e.Kind, e.Machine.Name))
	}
	return out
}

func sameAnswers(t *testing.T, got, want []string) {
	t.Helper()
	for n := range max(len(got), len(want)) {
		if n >= len(got) || n >= len(want) || got[n] != want[n] {
			t.Fatalf("%d answers, want %d; from number %d:\n got %.300v\nwant %.300v", len(got), len(want), n, got[min(n, len(got)):], want[min(n, len(want)):])
		}
	}
}

// TestJournalKeepsEverything compares a cloud that was closed (and another that
// was not even closed) with one that lives on, in the midst of boots, reclaims
// and shutdowns.
func TestJournalKeepsEverything(t *testing.T) {
	now := after(6*cluster.Minute + cluster.Second)
	memory := newCloud(t, hazardous())
	busy(t, memory, start, "x")
	want := ask(t, memory, now, "x")
	if text := strings.Join(want, " "); len(want) < 30 || !strings.Contains(text, "shutting-down") || !strings.Contains(text, " booted ") {
		t.Fatalf("the script leaves too little to compare: %s", text)
	}
	path := filepath.Join(t.TempDir(), "cloud.jsonl")
	c, r := open(t, path, start)
	if r != (Recovery{}) {
		t.Errorf("a new journal has %v", r)
	}
	busy(t, c, start, "x")
	closeCloud(t, c)
	for range 2 { // the second time from a compacted file
		c, r = open(t, path, now)
		if r.Instances != 6 || r.Launches != 3 || r.Torn != 0 {
			t.Errorf("recovered %v", r)
		}
		if events, _ := c.Events(now, 0); len(events) != 0 {
			t.Errorf("%d events of the time before the restart", len(events))
		}
		sameAnswers(t, ask(t, c, now, "x"), want)
		closeCloud(t, c)
	}
	// It goes on as if nothing had been.
	later := after(2 * cluster.Hour)
	busy(t, memory, later, "y")
	c, _ = open(t, path, later)
	busy(t, c, later, "y")
	later = later.Add(7 * cluster.Minute)
	sameAnswers(t, ask(t, c, later, "y"), ask(t, memory, later, "y"))
	closeCloud(t, c)
	if _, err := c.Launch(later, order("z", 1, "m5.large/a/on-demand")); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("a closed cloud launches: %v", err)
	}
}

// TestTornLine cuts the journal within its last line, as kill -9 in the middle of
// a write would, and expects all before it to be there.
func TestTornLine(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "cloud.jsonl")
	c, _ := open(t, path, start)
	launch(t, c, start, order("a", 1, "m5.large/a/on-demand"))
	launch(t, c, start, order("b", 1, "m5.large/a/on-demand"))
	closeCloud(t, c)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	last := bytes.LastIndexByte(whole[:len(whole)-1], '\n') + 1
	cuts := []int{last, last + 1, len(whole) - 2, len(whole) - 1, len(whole)}
	for n := last; n < len(whole); n += 23 {
		cuts = append(cuts, n)
	}
	for _, n := range cuts {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		c, r := open(t, path, start)
		wantLaunches, wantTorn := 1, n-last
		if n == len(whole) {
			wantLaunches, wantTorn = 2, 0
		}
		if r.Launches != wantLaunches || r.Instances != wantLaunches || r.Torn != wantTorn {
			t.Errorf("cut at %d of %d: %v", n, len(whole), r)
		}
		if wantTorn > 0 && !strings.Contains(r.String(), fmt.Sprintf("cut off %d bytes", wantTorn)) {
			t.Errorf("%q does not say so", r)
		}
		// What was cut off never happened: the token is free, the ids are the same.
		launch(t, c, start, order("b", 1, "m5.large/a/on-demand"))
		closeCloud(t, c)
		if c, r = open(t, path, start); r.Launches != 2 || r.Torn != 0 {
			t.Errorf("cut at %d, then launched and opened again: %v", n, r)
		}
		closeCloud(t, c)
	}
}

// TestDamage: a damaged journal is refused by line and left as it is.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "cloud.jsonl")
	c, _ := open(t, path, start)
	busy(t, c, start, "x")
	closeCloud(t, c)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	lines = lines[:len(lines)-1]
	if len(lines) < 8 {
		t.Fatalf("only %d lines", len(lines))
	}
	with := func(change func(l [][]byte) [][]byte) []byte { return bytes.Join(change(slices.Clone(lines)), nil) }
	replaced := func(n int, text string) []byte {
		return with(func(l [][]byte) [][]byte { l[n] = []byte(text); return l })
	}
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"cut in the middle", replaced(3, string(lines[3][:20])+"\n"), "line 4: damaged"},
		{"one digit changed", replaced(2, strings.Replace(string(lines[2]), `"Count":4`, `"Count":5`, 1)), "line 3: damaged (checksum"},
		{"line lost", with(func(l [][]byte) [][]byte { return slices.Delete(l, 4, 5) }), "line 5: damaged (it is numbered 6"},
		{"line doubled", with(func(l [][]byte) [][]byte { return slices.Insert(l, 4, l[3]) }), "line 5: damaged (it is numbered 4"},
		{"empty line", replaced(1, "\n"), "line 2: damaged"},
		{"text after", replaced(1, strings.TrimSuffix(string(lines[1]), "\n")+"x\n"), "line 2: damaged"},
		{"first line lost", with(func(l [][]byte) [][]byte { return l[1:] }), "line 1: damaged"},
		{"no line", []byte("JFIF"), "this is no journal"},
		{"another program's", []byte("{\"level\":\"info\"}\n"), "line 1: damaged"},
	}
	for _, tt := range tests {
		if bytes.Equal(tt.data, whole) {
			t.Errorf("%s: nothing was changed", tt.name)
		}
		if err := os.WriteFile(path, tt.data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, err := Open(path, config(), start)
		if err == nil {
			t.Errorf("%s: was opened", tt.name)
			continue
		}
		if !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %q lacks %q or the file", tt.name, err, tt.want)
		}
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, tt.data) {
			t.Errorf("%s: the file was changed", tt.name)
		}
	}
	// The refusals gave the lock back, and a good file still opens.
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	c, _ = open(t, path, start)
	closeCloud(t, c)
}

func TestJournalOfAnotherCloud(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.jsonl")
	c, _ := open(t, path, start)
	launch(t, c, start, order("a", 1, "m5.large/a/on-demand"))
	closeCloud(t, c)
	for want, change := range map[string]func(*Config){
		"with seed 7, not":    func(c *Config) { c.Seed = 8 },
		"region ap-northeast": func(c *Config) { c.Region = "us-east-1" },
		"which this catalogue does not sell": func(c *Config) {
			c.Types = slices.DeleteFunc(slices.Clone(c.Types), func(t cluster.InstanceType) bool { return t.Name == "m5.large" })
		},
	} {
		cfg := config()
		change(&cfg)
		if _, _, err := Open(path, cfg, start); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	// Another speed is fine.
	cfg := config()
	cfg.Speed = 5
	c, _, err := Open(path, cfg, start)
	if err != nil {
		t.Fatal(err)
	}
	closeCloud(t, c)
}

// TestClockBehindTheJournal: a restart with a clock that is behind does not
// begin an earlier time.
func TestClockBehindTheJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.jsonl")
	c, _ := open(t, path, start)
	launch(t, c, after(cluster.Hour), order("a", 1, "m5.large/a/on-demand"))
	closeCloud(t, c)
	c, _ = open(t, path, start)
	if i := launch(t, c, start, order("b", 1, "m5.large/a/on-demand"))[0]; i.Launched != after(cluster.Hour) {
		t.Errorf("launched %v after the start", i.Launched.Sub(start))
	}
	closeCloud(t, c)
}

func TestCompaction(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.jsonl")
	size := func() int {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Count(b, []byte("\n"))
	}
	c, _ := open(t, path, start)
	for n := range 20 {
		if _, err := c.SetCapacity(start, Pattern{InstanceType: "m5.large"}, n); err != nil {
			t.Fatal(err)
		}
	}
	is := launch(t, c, start, order("a", 10, "m5.large/a/on-demand"))
	for _, i := range is {
		if _, err := c.Terminate(start, []string{i.ID}); err != nil {
			t.Fatal(err)
		}
	}
	before := size()
	closeCloud(t, c)
	c, _ = open(t, path, start)
	closeCloud(t, c)
	if before != 1+20+1+10 || size() != 3 {
		t.Errorf("%d lines, compacted to %d, want 32 and 3", before, size())
	}
}

// TestFullDisk: a change that cannot be written does not happen.
func TestFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.jsonl")
	c, _ := open(t, path, start)
	launch(t, c, start, order("a", 1, "m5.large/a/on-demand"))
	good := c.journal.file
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("this system has no /dev/full to stand for a full disk: %v", err)
	}
	c.journal.file = full
	if _, err := c.Launch(start, order("b", 1, "m5.large/a/on-demand")); err == nil || !strings.Contains(err.Error(), "no space") {
		t.Errorf("launched on a full disk: %v", err)
	}
	if _, err := c.Terminate(start, []string{c.Inventory(start)[0].ID}); err == nil {
		t.Error("terminated on a full disk")
	}
	if is := c.Inventory(start); len(is) != 1 || is[0].State == provider.ShuttingDown {
		t.Errorf("something happened: %+v", is)
	}
	_ = full.Close() // a device
	// /dev/full cannot be cut back, so the journal gives up for good rather than
	// risk a damaged line in the middle.
	c.journal.file = good
	if _, err := c.Launch(start, order("b", 1, "m5.large/a/on-demand")); err == nil {
		t.Error("launched after the journal was given up")
	}
	closeCloud(t, c)
}

func TestOneCloudPerJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.jsonl")
	c, _ := open(t, path, start)
	if _, _, err := Open(path, config(), start); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) || !strings.Contains(err.Error(), path) {
		t.Errorf("opened twice: %v", err)
	}
	// Another process is refused as well.
	child := exec.Command(os.Args[0], "-test.run=^TestChild$", "-test.v")
	child.Env = append(os.Environ(), "JOURNAL="+path)
	out, err := child.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "in use by another cloud (process ") {
		t.Errorf("a second process: %v\n%s", err, out)
	}
	closeCloud(t, c)
	child = exec.Command(os.Args[0], "-test.run=^TestChild$", "-test.v")
	child.Env = append(os.Environ(), "JOURNAL="+path, "SUICIDE=1")
	out, err = child.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "launched before the end") || !strings.Contains(err.Error(), "killed") {
		t.Errorf("the second process should have opened it and died: %v\n%s", err, out)
	}
	// kill -9 took the lock with it, and left the launch.
	c, r := open(t, path, start)
	if r.Launches != 1 || r.Instances != 3 {
		t.Errorf("after kill -9: %v", r)
	}
	closeCloud(t, c)
}

// TestChild is the second process of TestOneCloudPerJournal.
func TestChild(t *testing.T) {
	path := os.Getenv("JOURNAL")
	if path == "" {
		t.Skip("runs only as the child of TestOneCloudPerJournal")
	}
	c, _ := open(t, path, start)
	launch(t, c, start, order("child", 3, "m5.large/a/on-demand"))
	if os.Getenv("SUICIDE") != "" {
		fmt.Println("launched before the end")
		p, err := os.FindProcess(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Kill(); err != nil {
			t.Fatal(err)
		}
		select {} // until the signal arrives
	}
	closeCloud(t, c)
}

func TestJournalNeedsItsFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "absent", "cloud.jsonl")
	if _, _, err := Open(path, config(), start); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("%v", err)
	}
}
