package endpoint

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"k8s.io/client-go/util/cert"
)

// makeCertificate writes a certificate that signs itself, for every name and address that
// this machine has.
func makeCertificate(certFile, keyFile string) error {
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("certificate of the simulated AWS: %w", err)
	}
	ips := []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return fmt.Errorf("certificate of the simulated AWS: %w", err)
	}
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() {
			ips = append(ips, n.IP)
		}
	}
	certificate, key, err := cert.GenerateSelfSignedCertKey("localhost", ips, []string{host})
	if err != nil {
		return fmt.Errorf("certificate of the simulated AWS: %w", err)
	}
	return errors.Join(os.WriteFile(certFile, certificate, 0o600), os.WriteFile(keyFile, key, 0o600))
}

// NewCredentials makes an access key and its secret.
func NewCredentials() (key, secret string) {
	return "AKIA" + rand.Text()[:16], rand.Text() + rand.Text()
}

// ReadCredentials reads access keys and secrets from a file in the form of
// ~/.aws/credentials, of all its profiles; first is the key that came first.
func ReadCredentials(file string) (secrets map[string]string, first string, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, "", fmt.Errorf("credentials: %w", err)
	}
	secrets = map[string]string{}
	key := ""
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, "=")
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(name) {
		case "aws_access_key_id":
			key = value
		case "aws_secret_access_key":
			if key == "" || value == "" {
				return nil, "", fmt.Errorf("credentials: %s: a secret without aws_access_key_id before it", file)
			}
			if first == "" {
				first = key
			}
			secrets[key], key = value, ""
		}
	}
	if first == "" {
		return nil, "", fmt.Errorf("credentials: %s has no aws_access_key_id with an aws_secret_access_key", file)
	}
	return secrets, first, nil
}
