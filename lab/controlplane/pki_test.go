package controlplane

import (
	"os"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

func restConfigIn(dir string) (*rest.Config, error) {
	return clientcmd.BuildConfigFromFlags("", KubeconfigIn(dir))
}

var day0 = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// TestCertificatesOverTime: what a start finds is kept while it lasts and replaced
// before it ends; the authority stays, so that kubeconfigs stay good.
func TestCertificatesOverTime(t *testing.T) {
	dir := t.TempDir()
	serials := func(after time.Duration) (ca, server, admin string) {
		t.Helper()
		id, err := newIdentities(dir, day0.Add(after))
		if err != nil {
			t.Fatal(err)
		}
		s, err := id.load("apiserver")
		if err != nil {
			t.Fatal(err)
		}
		if s.cert.CheckSignatureFrom(id.clusterCA.cert) != nil || !id.lasts(s.cert) {
			t.Errorf("after %s the API server's certificate is no good", after)
		}
		return id.clusterCA.cert.SerialNumber.String(), s.cert.SerialNumber.String(), id.admin.cert.SerialNumber.String()
	}
	day := 24 * time.Hour
	ca, server, admin := serials(0)
	if c, s, a := serials(300 * day); c != ca || s != server || a != admin {
		t.Error("after 300 days something was replaced")
	}
	if c, s, a := serials(340 * day); c != ca || s == server || a == admin {
		t.Error("after 340 days the certificates were not replaced, or the authority was")
	}
	if c, _, _ := serials(10*365*day + day); c == ca {
		t.Error("after ten years the authority was not replaced")
	}
}

// TestDamagedCertificates: files that a killed process left half written are
// replaced; a damaged signing key is not, because tokens hang on it.
func TestDamagedCertificates(t *testing.T) {
	p := pki{t.TempDir(), day0}
	ca, err := p.authority("ca")
	if err != nil {
		t.Fatal(err)
	}
	l := leaf{name: "admin", commonName: "kubernetes-admin", client: true}
	first, err := p.ensure(ca, l)
	if err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func() error{
		"half a certificate": func() error { return os.Truncate(p.crt("admin"), 100) },
		"no key":             func() error { return os.Remove(p.key("admin")) },
		"another's key": func() error {
			key, err := os.ReadFile(p.key("ca"))
			if err != nil {
				return err
			}
			return os.WriteFile(p.key("admin"), key, 0o600)
		},
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		again, err := p.ensure(ca, l)
		if err != nil || again.cert.Equal(first.cert) || again.cert.CheckSignatureFrom(ca.cert) != nil {
			t.Errorf("%s: %v, %+v", name, err, again.cert)
		}
	}
	if l.commonName = "somebody-else"; true {
		if again, err := p.ensure(ca, l); err != nil || again.cert.Subject.CommonName != l.commonName {
			t.Errorf("another name: %v, %s", err, again.cert.Subject)
		}
	}
	key, err := p.signingKey("service-account")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(key, 40); err != nil {
		t.Fatal(err)
	}
	if _, err := p.signingKey("service-account"); err == nil {
		t.Error("a damaged signing key is no error")
	}
}
