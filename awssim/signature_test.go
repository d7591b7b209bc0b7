package awssim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// TestSignature lets the SDK sign requests of every shape, and then changes what was
// signed.
func TestSignature(t *testing.T) {
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	body := []byte("Action=X")
	sign := func(method, target string) *http.Request {
		r, err := http.NewRequest(method, "http://aws.test:8080"+target, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded;  charset=utf-8")
		r.Header.Set("X-Amz-Target", "  two  blanks ")
		sum := sha256.Sum256(body)
		err = v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}, r, hex.EncodeToString(sum[:]), "eks", "us-west-2", at)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = r.URL.Host
		return r
	}
	check := func(r *http.Request, body []byte, secret string, now time.Time) error {
		s, err := parseSignature(r.Header.Get("Authorization"))
		if err != nil {
			t.Fatal(err)
		}
		return s.verify(r, body, secret, now)
	}
	for _, target := range []string{"/", "", "/a%20b/c%2Fd/é", "/x?b=2&a=1&a=0&c", "/x?a=%2F+%20~", "/x?z=%E6%97%A5"} {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			if err := check(sign(method, target), body, "secret", at.Add(time.Minute)); err != nil {
				t.Errorf("%s %q: %v", method, target, err)
			}
		}
	}
	for name, change := range map[string]func(r *http.Request){
		"method": func(r *http.Request) { r.Method = "GET" },
		"path":   func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/other", "" },
		"query":  func(r *http.Request) { r.URL.RawQuery = "a=2" },
		"header": func(r *http.Request) { r.Header.Set("X-Amz-Target", "another") },
		"host":   func(r *http.Request) { r.Host = "elsewhere" },
	} {
		r := sign("POST", "/x?a=1")
		change(r)
		if err := check(r, body, "secret", at); !errors.Is(err, errSignature) {
			t.Errorf("another %s: got %v, want %v", name, err, errSignature)
		}
	}
	r := sign("POST", "/")
	if err := check(r, []byte("Action=Y"), "secret", at); !errors.Is(err, errSignature) {
		t.Errorf("another body: got %v", err)
	}
	if err := check(r, body, "terces", at); !errors.Is(err, errSignature) {
		t.Errorf("another secret: got %v", err)
	}
	for _, apart := range []time.Duration{-6 * time.Minute, 6 * time.Minute} {
		if err := check(r, body, "secret", at.Add(apart)); !errors.Is(err, errSkewed) {
			t.Errorf("a clock that is %v off: got %v, want %v", apart, err, errSkewed)
		}
	}
	for _, header := range []string{"", "Bearer x", algorithm + " Credential=a/b/c, SignedHeaders=host, Signature=0", algorithm + " Credential=a/b/c/d/aws4_request",
		algorithm + " Credential=a/b/c/d/aws4_request, SignedHeaders=a;a, Signature=0", algorithm + " Credential=a/b/c/d/aws4_request, SignedHeaders=b;a, Signature=0",
		algorithm + " Credential=a/b/c/d/aws4_request, SignedHeaders=A;a, Signature=0",
	} {
		if _, err := parseSignature(header); err == nil {
			t.Errorf("%q is taken for a signature", header)
		}
	}
}

func TestListen(t *testing.T) {
	for address, want := range map[string]bool{"127.0.0.1:0": true, "[::1]:0": true, "localhost:0": true, "0.0.0.0:0": false, ":0": false, "192.0.2.1:0": false, "nonsense": false} {
		l, err := Listen(t.Context(), address, false)
		if err == nil {
			_ = l.Close() // nothing came
		} else if address == "[::1]:0" {
			continue // not every machine has it
		}
		if (err == nil) != want {
			t.Errorf("%s: got %v, want it to be allowed: %v", address, err, want)
		}
	}
}
