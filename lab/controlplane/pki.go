package controlplane

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	certutil "k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 365 * 24 * time.Hour
	// renewBefore is how long before its end a certificate is replaced at start:
	// a lab that runs for a month must not fall over in the middle of it.
	renewBefore = 31 * 24 * time.Hour
	// backdate covers a clock that is set back a little after issuing.
	backdate = time.Hour
)

// pki is a directory of certificate authorities, certificates and keys in PEM
// files: NAME.crt and NAME.key.
type pki struct {
	dir string
	now time.Time
}

// pair is a certificate with its key.
type pair struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// leaf describes a certificate to issue.
type leaf struct {
	name, commonName string
	groups           []string // organizations: Kubernetes' groups
	hosts            []string // DNS names and IPs; none for a client
	client           bool
}

func (p pki) crt(name string) string { return filepath.Join(p.dir, name+".crt") }
func (p pki) key(name string) string { return filepath.Join(p.dir, name+".key") }

// authority loads the named CA, or makes one when there is none or it ends soon.
func (p pki) authority(name string) (pair, error) {
	if have, err := p.load(name); err != nil {
		return pair{}, err
	} else if have.cert != nil && have.cert.IsCA && p.lasts(have.cert) {
		return have, nil
	}
	t := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             p.now.Add(-backdate),
		NotAfter:              p.now.Add(authorityLife),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	return p.issue(name, t, nil)
}

// ensure loads a certificate, or issues it when there is none, it ends soon, was
// signed by another authority or says something else than l.
func (p pki) ensure(ca pair, l leaf) (pair, error) {
	t := &x509.Certificate{
		Subject:   pkix.Name{CommonName: l.commonName, Organization: l.groups},
		NotBefore: p.now.Add(-backdate),
		NotAfter:  p.now.Add(leafLife),
		KeyUsage:  x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
	if l.client {
		t.ExtKeyUsage = append(t.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	for _, h := range l.hosts {
		if ip := net.ParseIP(h); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, h)
		}
	}
	if len(l.hosts) > 0 {
		t.ExtKeyUsage = append(t.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	have, err := p.load(l.name)
	if err != nil {
		return pair{}, err
	}
	if have.cert != nil && p.lasts(have.cert) && have.cert.CheckSignatureFrom(ca.cert) == nil && says(have.cert, t) {
		return have, nil
	}
	return p.issue(l.name, t, &ca)
}

func (p pki) lasts(c *x509.Certificate) bool {
	return p.now.Add(renewBefore).Before(c.NotAfter) && p.now.After(c.NotBefore)
}

// says tells whether c certifies what t asks for.
func says(c, t *x509.Certificate) bool {
	return c.Subject.CommonName == t.Subject.CommonName &&
		slices.Equal(c.Subject.Organization, t.Subject.Organization) &&
		slices.Equal(c.DNSNames, t.DNSNames) &&
		slices.Equal(c.ExtKeyUsage, t.ExtKeyUsage) &&
		slices.EqualFunc(c.IPAddresses, t.IPAddresses, net.IP.Equal)
}

// load returns an empty pair when the files are missing or are no pair: a
// process killed between writing them leaves that, and new ones mend it.
func (p pki) load(name string) (pair, error) {
	certPEM, err1 := os.ReadFile(p.crt(name))
	keyPEM, err2 := os.ReadFile(p.key(name))
	if err := errors.Join(err1, err2); errors.Is(err, fs.ErrNotExist) {
		return pair{}, nil
	} else if err != nil {
		return pair{}, fmt.Errorf("read certificate %s: %w", name, err)
	}
	certs, err1 := certutil.ParseCertsPEM(certPEM)
	key, err2 := keyutil.ParsePrivateKeyPEM(keyPEM)
	signer, ok := key.(*ecdsa.PrivateKey)
	if err1 != nil || err2 != nil || !ok || !signer.PublicKey.Equal(certs[0].PublicKey) {
		return pair{}, nil
	}
	return pair{certs[0], signer}, nil
}

// issue signs t with ca, or with its own key when ca is nil, and writes both
// files.
func (p pki) issue(name string, t *x509.Certificate, ca *pair) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, fmt.Errorf("key of %s: %w", name, err)
	}
	if t.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return pair{}, fmt.Errorf("serial number of %s: %w", name, err)
	}
	if ca == nil {
		ca = &pair{t, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, ca.cert, key.Public(), ca.key)
	if err != nil {
		return pair{}, fmt.Errorf("sign %s: %w", name, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return pair{}, fmt.Errorf("sign %s: %w", name, err)
	}
	keyPEM, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return pair{}, fmt.Errorf("key of %s: %w", name, err)
	}
	if err := os.WriteFile(p.key(name), keyPEM, 0o600); err != nil {
		return pair{}, fmt.Errorf("write key: %w", err)
	}
	certPEM, err := certutil.EncodeCertificates(cert)
	if err != nil {
		return pair{}, fmt.Errorf("sign %s: %w", name, err)
	}
	if err := os.WriteFile(p.crt(name), certPEM, 0o600); err != nil {
		return pair{}, fmt.Errorf("write certificate: %w", err)
	}
	return pair{cert, key}, nil
}

// signingKey makes sure that there is a key for service account tokens and
// returns its file. It is never renewed: tokens signed with it are kept in the
// data.
func (p pki) signingKey(name string) (string, error) {
	file := p.key(name)
	keyPEM, _, err := keyutil.LoadOrGenerateKeyFile(file)
	if err == nil {
		_, err = keyutil.ParsePrivateKeyPEM(keyPEM)
	}
	if err != nil {
		return "", fmt.Errorf("service account key %s: %w: if it is damaged, remove it (tokens issued so far become invalid)", file, err)
	}
	return file, nil
}
