// Package endpoint lets a simulated AWS listen on a port, on the real clock, for clients
// that take it for AWS and for people who script it (awssim/control).
//
// It owns the port, its certificate and the token of the scripts. It refuses to be
// reached from elsewhere without TLS and credentials.
package endpoint

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/ullage-sh/ullage/awssim"
	"github.com/ullage-sh/ullage/awssim/control"
	"github.com/ullage-sh/ullage/awssim/eks"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/internal/wall"
)

// Config says what is served, and where.
type Config struct {
	World *world.World
	// Speed is the world's: requests may come that much more often than AWS allows.
	Speed float64
	// Listen is host:port; "" for a free port of 127.0.0.1.
	Listen string
	// Cert and Key are PEM files. Without them the loopback device is served without TLS,
	// and any other with a certificate that is made and kept in Dir.
	Cert, Key, Dir string
	// Nodes are those of the EKS cluster; what is not set is as in a cluster without pods.
	Nodes eks.Nodes
	// Secrets by access key; without any, whoever signed a request is believed.
	Secrets map[string]string
}

// Endpoint is a simulated AWS that is being served.
type Endpoint struct {
	server *awssim.Server
	http   *http.Server
	url    string
	ca     string
	token  string
	stop   context.CancelFunc
	work   sync.WaitGroup
	failed error // of serving; read after work is done
}

// Start listens and serves until Stop.
func Start(ctx context.Context, cfg Config) (*Endpoint, error) {
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	l, err := awssim.Listen(ctx, cfg.Listen, len(cfg.Secrets) > 0)
	if err != nil {
		return nil, err
	}
	rates := awssim.DefaultRates().Faster(cfg.Speed)
	e := &Endpoint{
		token:  rand.Text(),
		server: awssim.New(awssim.Config{World: cfg.World, Now: wall.Now, Sleep: wall.Sleep, Secrets: cfg.Secrets, Rates: &rates, Nodes: cfg.Nodes}),
	}
	e.http = e.server.HTTPServer()
	e.http.Handler = control.Handler(e.server, e.token)
	addr := l.Addr().(*net.TCPAddr)
	if cfg.Cert == "" && !addr.IP.IsLoopback() {
		cfg.Cert, cfg.Key = filepath.Join(cfg.Dir, "aws.crt"), filepath.Join(cfg.Dir, "aws.key")
		if err := makeCertificate(cfg.Cert, cfg.Key); err != nil {
			_ = l.Close() // nothing was served
			return nil, err
		}
	}
	e.url, e.ca = urlOf(addr, cfg.Cert != ""), cfg.Cert
	ctx, e.stop = context.WithCancel(context.WithoutCancel(ctx))
	e.work.Go(func() {
		serve := func() error { return e.http.Serve(l) }
		if cfg.Cert != "" {
			serve = func() error { return e.http.ServeTLS(l, cfg.Cert, cfg.Key) }
		}
		if err := serve(); !errors.Is(err, http.ErrServerClosed) {
			e.failed = fmt.Errorf("simulated AWS on %s: %w", e.url, err)
		}
	})
	e.work.Go(func() { _ = e.server.Run(ctx) }) // it ends by ctx only
	return e, nil
}

// urlOf is how clients on this machine reach an address.
func urlOf(a *net.TCPAddr, tls bool) string {
	host, scheme := a.IP.String(), "http://"
	if a.IP.IsUnspecified() {
		host = "localhost"
	}
	if tls {
		scheme = "https://"
	}
	return scheme + net.JoinHostPort(host, fmt.Sprint(a.Port))
}

// URL is how clients on this machine reach it.
func (e *Endpoint) URL() string { return e.url }

// CA is the file of the certificate that clients have to trust, "" without TLS.
func (e *Endpoint) CA() string { return e.ca }

// Token is for the client of awssim/control.
func (e *Endpoint) Token() string { return e.token }

// Server is what answers.
func (e *Endpoint) Server() *awssim.Server { return e.server }

// Stop ends it, and tells why serving had ended before.
func (e *Endpoint) Stop() error {
	e.stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if e.http.Shutdown(ctx) != nil {
		_ = e.http.Close() // long polls are cut off
	}
	e.work.Wait()
	return e.failed
}
