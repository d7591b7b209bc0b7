package controlplane

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
	"sigs.k8s.io/yaml"
)

const auditLog = "audit.jsonl"

// auditFlags are the API server's flags with which it logs the requests of some users,
// each when it has been answered. A watch is one request, logged when it begins and again
// when it ends.
func auditFlags(cfg Config) ([]string, error) {
	policy := auditv1.Policy{
		TypeMeta:   metav1.TypeMeta{APIVersion: auditv1.SchemeGroupVersion.String(), Kind: "Policy"},
		OmitStages: []auditv1.Stage{auditv1.StageRequestReceived},
		Rules:      []auditv1.PolicyRule{{Level: auditv1.LevelMetadata, Users: cfg.Audit}, {Level: auditv1.LevelNone}},
	}
	text, err := yaml.Marshal(policy)
	if err != nil {
		return nil, fmt.Errorf("audit policy: %w", err)
	}
	file := filepath.Join(cfg.Dir, "pki", "audit.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, fmt.Errorf("audit policy: %w", err)
	}
	return []string{
		"--audit-policy-file=" + file,
		"--audit-log-path=" + filepath.Join(cfg.Dir, "log", auditLog),
		"--audit-log-maxsize=16384", // MiB: one file, whatever happens
	}, nil
}

// ReadAudit hands every request of the audit log of a control plane on dir to each, in
// the order in which they were answered; a watch when it begins. It ends at the first
// error of each.
func ReadAudit(dir string, each func(auditv1.Event) error) error {
	f, err := os.Open(filepath.Join(dir, "log", auditLog))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the control plane on %s keeps no audit log, or has not been asked anything", dir)
	}
	if err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	defer func() { _ = f.Close() }() // read only
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // what is behind the last newline is being written
		}
		if err != nil {
			return fmt.Errorf("audit log: %w", err)
		}
		var e auditv1.Event
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("audit log: %w", err)
		}
		if begins := e.Stage == auditv1.StageResponseStarted; begins != (e.Verb == "watch") {
			continue
		}
		if err := each(e); err != nil {
			return err
		}
	}
}
