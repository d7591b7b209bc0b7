package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// services that speak a query protocol, and so need a table.
var services = []string{"autoscaling", "ec2", "iam", "sts"}

const sdk = "github.com/aws/aws-sdk-go-v2/service/"

// main writes the tables into the folder names below the working directory, which go
// generate sets to the folder of package wire.
func main() {
	for _, service := range services {
		table, err := generate(service)
		if err == nil {
			err = os.WriteFile(filepath.Join("names", service+".txt"), []byte(table), 0o644)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "namegen:", err)
			os.Exit(1)
		}
	}
}

// generate makes the table of one service.
func generate(service string) (string, error) {
	version, dir, err := locate(service)
	if err != nil {
		return "", err
	}
	s, err := parse(dir)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("# %s%s %s, by namegen\n%s", sdk, service, version, s.table()), nil
}

// locate says which version of a service's module is pinned, and where its source is.
func locate(service string) (version, dir string, err error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}} {{.Dir}}", sdk+service).Output()
	if err != nil {
		return "", "", fmt.Errorf("where is %s%s? %w", sdk, service, err)
	}
	version, dir, _ = strings.Cut(strings.TrimSpace(string(out)), " ")
	if dir == "" {
		return "", "", fmt.Errorf("%s%s is not in the module cache: run go mod download", sdk, service)
	}
	return version, dir, nil
}
