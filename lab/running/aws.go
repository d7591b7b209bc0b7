package running

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// AWS is a simulated AWS that runs: a lab's, or one that stands alone.
type AWS struct {
	// Lab is the data directory of the lab that it belongs to, absolute; "" for none.
	Lab     string    `json:"lab"`
	URL     string    `json:"url"`
	Region  string    `json:"region"`
	Token   string    `json:"token"`        // for awssim/control
	CA      string    `json:"ca,omitempty"` // PEM file to trust, "" without TLS
	Key     string    `json:"key"`          // access key and secret that it takes
	Secret  string    `json:"secret"`       //
	Started time.Time `json:"started"`
}

// AnyKey is an access key for where signatures are not checked: clients want one.
const AnyKey = "AKIASIMULATEDAWSKEY0"

// Environment is how AWS's clients find it: NAME=value.
func (a AWS) Environment() []string {
	env := []string{
		"AWS_ENDPOINT_URL=" + a.URL, "AWS_REGION=" + a.Region, "AWS_DEFAULT_REGION=" + a.Region,
		"AWS_ACCESS_KEY_ID=" + a.Key, "AWS_SECRET_ACCESS_KEY=" + a.Secret, "AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=",
	}
	if a.CA != "" {
		env = append(env, "AWS_CA_BUNDLE="+a.CA)
	}
	return env
}

const awsSuffix = ".aws"

// AnnounceAWS makes a simulated AWS findable. Its file stays locked by this process,
// which is how others know that it runs. The returned function takes it back.
func AnnounceAWS(a AWS) (func() error, error) {
	reg, err := registry()
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("announce simulated AWS: %w", err)
	}
	// Locked before it has its name: nobody takes it for one that has ended.
	f, err := os.CreateTemp(reg, "new-")
	if err != nil {
		return nil, fmt.Errorf("announce simulated AWS: %w", err)
	}
	name := fileOf(reg, a.URL) + awsSuffix
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		_, err = f.Write(data)
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = f.Close() // the first error is the one to tell
		_ = os.Remove(f.Name())
		return nil, fmt.Errorf("announce simulated AWS: %w", err)
	}
	return func() error {
		err := os.Remove(name)
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return errors.Join(err, f.Close())
	}, nil
}

// FindAWS returns the simulated AWS of the lab on dir, or with an empty dir the one that
// was started last.
func FindAWS(dir string) (AWS, error) {
	all, err := listAWS()
	if err != nil {
		return AWS{}, err
	}
	if dir == "" {
		if len(all) == 0 {
			return AWS{}, errors.New("no simulated AWS is running: start one with ullage-lab aws serve, or a lab with ullage-lab up")
		}
		return all[0], nil
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return AWS{}, fmt.Errorf("data directory: %w", err)
	}
	i := slices.IndexFunc(all, func(a AWS) bool { return a.Lab == abs })
	if i < 0 {
		return AWS{}, &NoneError{Dir: dir}
	}
	return all[i], nil
}

// listAWS returns those that run, newest first, and forgets those that ended without
// saying so.
func listAWS() ([]AWS, error) {
	reg, err := registry()
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(reg, "*"+awsSuffix))
	if err != nil {
		return nil, fmt.Errorf("list of simulated AWS: %w", err)
	}
	var out []AWS
	for _, file := range files {
		if a, ok := readAWS(file); ok {
			out = append(out, a)
		} else {
			_ = os.Remove(file) // left by a process that was killed; else it is skipped again
		}
	}
	slices.SortFunc(out, func(a, b AWS) int { return cmp.Or(b.Started.Compare(a.Started), strings.Compare(a.URL, b.URL)) })
	return out, nil
}

// readAWS reads the file of one that runs.
func readAWS(file string) (a AWS, runs bool) {
	f, err := os.Open(file)
	if err != nil {
		return a, false
	}
	defer func() { _ = f.Close() }() // read only
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); !errors.Is(err, syscall.EWOULDBLOCK) {
		return a, false
	}
	return a, json.NewDecoder(f).Decode(&a) == nil
}
