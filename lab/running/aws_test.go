package running

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFindAWS(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	if _, err := FindAWS(""); err == nil {
		t.Error("found one where there is none")
	}
	dir := t.TempDir()
	day := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	announce := func(a AWS) func() error {
		remove, err := AnnounceAWS(a)
		if err != nil {
			t.Fatal(err)
		}
		return remove
	}
	removeLab := announce(AWS{Lab: dir, URL: "http://127.0.0.1:1", Token: "of the lab", Started: day})
	removeAlone := announce(AWS{URL: "http://127.0.0.1:2", Token: "alone", Started: day.Add(time.Hour)})
	// One that was killed: its file is there, but not locked.
	reg, err := registry()
	if err != nil {
		t.Fatal(err)
	}
	dead := filepath.Join(reg, "dead.aws")
	if err := os.WriteFile(dead, []byte(`{"url":"http://127.0.0.1:3","started":"2027-01-01T00:00:00Z"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if a, err := FindAWS(""); err != nil || a.Token != "alone" {
		t.Errorf("found %+v, %v, want the one started last that runs", a, err)
	}
	if _, err := os.Stat(dead); err == nil {
		t.Error("the file of the killed one is still there")
	}
	if a, err := FindAWS(dir); err != nil || a.Token != "of the lab" {
		t.Errorf("by directory: %+v, %v", a, err)
	}
	var none *NoneError
	if _, err := FindAWS(t.TempDir()); !errors.As(err, &none) {
		t.Errorf("by another directory: %v", err)
	}
	if labs, err := List(); err != nil || len(labs) != 0 {
		t.Errorf("they are taken for labs: %v, %v", labs, err)
	}
	for _, remove := range []func() error{removeAlone, removeLab} {
		if err := remove(); err != nil {
			t.Error(err)
		}
	}
	if _, err := FindAWS(""); err == nil || !strings.Contains(err.Error(), "aws serve") {
		t.Errorf("after they have ended: %v", err)
	}
}
