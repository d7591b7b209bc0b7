package script

import (
	"errors"
	"fmt"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim/workload"
)

// bufferFile is a CapacityBuffer as it is written here.
type bufferFile struct {
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	// Of is the workload whose pods there is to be room for; or they are such that ask for
	// requests.
	Of       string        `json:"of,omitempty"`
	Requests *requestsFile `json:"requests,omitempty"`
	Chunks   int           `json:"chunks,omitempty"`
	Percent  int           `json:"percent,omitempty"` // of the workload's replicas
	Changes  []struct {
		At     span `json:"at"`
		Chunks int  `json:"chunks"`
	} `json:"changes,omitempty"`
}

func (f *bufferFile) buffer(demands *cluster.Demands) (*workload.Buffer, error) {
	if f.Namespace == "" {
		f.Namespace = "default"
	}
	switch {
	case f.Name == "":
		return nil, errors.New("name is missing")
	case (f.Of == "") == (f.Requests == nil):
		return nil, errors.New("what there is to be room for is either a workload (of) or requests")
	case f.Of == "" && f.Percent != 0:
		return nil, errors.New("percent is of a workload's replicas: there is none")
	case f.Chunks < 0 || f.Percent < 0:
		return nil, errors.New("chunks and percent must not be negative")
	}
	b := &workload.Buffer{Namespace: f.Namespace, Name: f.Name, Of: f.Of, Chunks: f.Chunks, Percent: f.Percent}
	if f.Requests != nil {
		r, err := f.Requests.resources()
		if err != nil {
			return nil, err
		}
		b.Pod = &workload.Pod{Demand: demands.Intern(cluster.Demand{Requests: r}), Labels: cluster.Labels{workload.App: f.Name}}
	}
	for i, c := range f.Changes {
		if c.Chunks < 0 {
			return nil, fmt.Errorf("changes[%d]: chunks must not be negative", i)
		}
		b.Changes = append(b.Changes, workload.BufferChange{At: cluster.Duration(c.At), Chunks: c.Chunks})
	}
	return b, nil
}
