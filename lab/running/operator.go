package running

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ullage-sh/ullage/lab/supervise"
)

// Operator is a lab's operator as a process of its own.
type Operator struct {
	supervise.State
	// Metrics is host:port where it serves them, Log the file of its log.
	Metrics string `json:"metrics"`
	Log     string `json:"log"`
}

func operatorFile(dir string) string { return filepath.Join(dir, "operator.json") }

// NoteOperator writes down, in the lab's directory, how its operator runs.
func NoteOperator(dir string, o Operator) error {
	data, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("note operator: %w", err)
	}
	file := operatorFile(dir)
	if err := os.WriteFile(file+".new", data, 0o600); err != nil {
		return fmt.Errorf("note operator: %w", err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		return fmt.Errorf("note operator: %w", err)
	}
	return nil
}

// ForgetOperator takes that back.
func ForgetOperator(dir string) error {
	if err := os.Remove(operatorFile(dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget operator: %w", err)
	}
	return nil
}

// OperatorOf tells how a lab's operator runs; false if it has none of its own.
func OperatorOf(dir string) (o Operator, ok bool, err error) {
	data, err := os.ReadFile(operatorFile(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return o, false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &o)
	}
	if err != nil {
		return o, false, fmt.Errorf("operator of the lab on %s: %w", dir, err)
	}
	return o, true, nil
}
