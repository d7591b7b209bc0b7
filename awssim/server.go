package awssim

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/ullage-sh/ullage/awssim/autoscaling"
	"github.com/ullage-sh/ullage/awssim/eks"
	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

// Config is what a Server is made of.
type Config struct {
	World *world.World
	// Now is the clock, Sleep waits for a span of it or until ctx ends, and then returns
	// its error. Signatures are checked against this clock too.
	Now   func() cluster.Instant
	Sleep func(context.Context, cluster.Duration) error
	// Secrets by access key. Without any, every request is taken that names a service,
	// whoever signed it; with some, only what they have signed.
	Secrets map[string]string
	// Rates at which AWS may be asked; nil for no limit.
	Rates *Rates
	// Denied are operations that the caller has no right to, as IAM names them:
	// "ec2:CreateFleet".
	Denied []string
	// Nodes are those of the EKS cluster: what is not set is as in a cluster without pods.
	Nodes eks.Nodes
}

// Server answers for AWS. It is an http.Handler; its methods may be called concurrently.
type Server struct {
	cfg      Config
	services map[string]service
	scaling  *autoscaling.Groups
	compute  *eks.Compute
	traffic  traffic

	mu       sync.Mutex // held while the world is asked or told something
	throttle *throttle  // nil for none
	counts   map[string]int
}

// New makes a server for a world, which from then on is the server's: use [Server.Do].
func New(cfg Config) *Server {
	groups := autoscaling.New(cfg.World)
	compute := eks.New(cfg.World, groups, cfg.Nodes)
	cfg.World.Attach(groups)
	cfg.World.Attach(compute)
	s := &Server{cfg: cfg, services: services(groups, compute), scaling: groups, compute: compute, counts: map[string]int{}}
	if cfg.Rates != nil {
		s.throttle = &throttle{*cfg.Rates, map[string]*bucket{}}
		cfg.World.LimitLaunches(cfg.Rates.Launched.Burst, cfg.Rates.Launched.PerSecond)
	}
	return s
}

// Do lets f look at the world and change it, between requests.
func (s *Server) Do(f func(*world.World)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.World.Advance(s.cfg.Now())
	f(s.cfg.World)
}

// Scaling are the account's groups of Auto Scaling, and Compute what its EKS cluster has:
// part of the world, to be looked at within [Server.Do].
func (s *Server) Scaling() *autoscaling.Groups { return s.scaling }

// Compute is described at [Server.Scaling].
func (s *Server) Compute() *eks.Compute { return s.compute }

// Counts tells how often each operation was asked for ("ec2:CreateFleet"), and how often
// one was throttled ("ec2:CreateFleet throttled").
func (s *Server) Counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.counts)
}

// Bounds on what a request may be.
const (
	maxBody   = 4 << 20
	maxHeader = 64 << 10
)

// latency is the least time that an answer takes, in real time: that of a very quick
// network. The SDK closes the body of a request as soon as the answer begins. When that
// comes sooner than net/http is done with sending the body, it takes the connection for
// broken, and three attempts in a row may fail by it.
const latency = time.Millisecond

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "the body cannot be read, or has more than 4 MiB", http.StatusRequestEntityTooLarge)
		return
	}
	answer, requestID := s.answer(r, body)
	time.Sleep(latency)
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	w.Header().Set("X-Amzn-Requestid", requestID)
	w.Header().Set("Date", world.Time(s.cfg.Now()).Format(http.TimeFormat))
	w.Header().Set("Content-Length", strconv.Itoa(len(answer.Body)))
	w.WriteHeader(answer.Status)
	_, _ = w.Write(answer.Body) // who is gone needs no answer
}

// answer finds the service and answers in its protocol.
func (s *Server) answer(r *http.Request, body []byte) (wire.Response, string) {
	requestID := s.requestID()
	sig, err := parseSignature(r.Header.Get("Authorization"))
	if err != nil {
		return s.services["ec2"].protocol.Refuse(&wire.Error{Code: "MissingAuthenticationToken", Status: http.StatusForbidden, Message: err.Error()}, requestID), requestID
	}
	service, ok := s.services[sig.service]
	if !ok {
		return s.services["ec2"].protocol.Refuse(wire.Errorf("UnknownService", "The service %.40q is not simulated", sig.service), requestID), requestID
	}
	service = service.spokenBy(r)
	operation, out, err := s.handle(r, body, sig, service)
	if err != nil {
		return service.protocol.Refuse(wire.AsError(err), requestID), requestID
	}
	answer, err := service.protocol.Answer(operation, out, requestID)
	if err != nil {
		return service.protocol.Refuse(wire.AsError(err), requestID), requestID
	}
	return answer, requestID
}

func (s *Server) requestID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cfg.World.RequestID()
}

// handle checks a request and does what it asks for.
func (s *Server) handle(r *http.Request, body []byte, sig signature, svc service) (name string, out any, err error) {
	if err := s.authenticate(r, body, sig, svc.refusals); err != nil {
		return "", nil, err
	}
	req, err := svc.protocol.Read(r, body)
	if err != nil {
		return "", nil, err
	}
	op, ok := svc.operations[req.Operation]
	if !ok {
		return "", nil, wire.Errorf(svc.unknown, "The action %.80s is not valid for this service, or is not simulated", req.Operation)
	}
	in := op.input()
	if err := req.Decode(in); err != nil {
		return "", nil, err
	}
	full := sig.service + ":" + req.Operation
	if slices.Contains(s.cfg.Denied, full) {
		return "", nil, &wire.Error{Code: svc.denied, Status: http.StatusForbidden, Message: "You are not authorized to perform " + full + "."}
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	call := &world.Call{Endpoint: scheme + r.Host, Principal: sig.key, Asked: s.cfg.Now()}
	done := s.traffic.begin(full)
	out, err = s.ask(r.Context(), question{svc, op, sig.service, req.Operation, in, call})
	var gone error
	if call.Takes > 0 {
		gone = s.cfg.Sleep(r.Context(), call.Takes)
	}
	if done(gone != nil); gone != nil {
		return "", nil, gone
	}
	return req.Operation, out, err
}

// lookEvery is how often the server looks for what a request waits for.
const lookEvery = 100 * cluster.Millisecond

// question is a request that has been read and may be asked.
type question struct {
	service   service
	operation operation
	of, name  string // "ec2", "CreateFleet"
	in        any
	call      *world.Call
}

// full is the operation as IAM names it: "ec2:CreateFleet".
func (q *question) full() string { return q.of + ":" + q.name }

// ask puts a question to the world, again and again while there is nothing to say yet.
func (s *Server) ask(ctx context.Context, q question) (any, error) {
	for first := true; ; first = false {
		out, err := s.once(q, first)
		now := s.cfg.Now()
		if err != nil || q.call.AskAgain <= now {
			return out, err
		}
		wait := min(q.call.AskAgain.Sub(now), lookEvery)
		q.call.AskAgain = 0
		if err := s.cfg.Sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// once puts a question to the world.
func (s *Server) once(q question, first bool) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	w := s.cfg.World
	w.Advance(now)
	if first {
		s.counts[q.full()]++
		if s.throttle != nil && !s.throttle.allow(q.of, q.name, q.in, now) {
			s.counts[q.full()+" throttled"]++
			return nil, &q.service.throttled
		}
	}
	return guarded(w, q.operation, q.full(), q.in, q.call)
}

// HTTPServer is the server with bounds on what clients may make it wait for.
func (s *Server) HTTPServer() *http.Server {
	return &http.Server{
		Handler: s, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: maxHeader,
	}
}

// Listen opens a port: on the loopback device, or with remote on any.
func Listen(ctx context.Context, address string, remote bool) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: want host:port: %w", address, err)
	}
	if ip := net.ParseIP(host); !remote && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("listen on %q: anybody who reaches it could use it; take 127.0.0.1, or say that it is meant", address)
	}
	var config net.ListenConfig
	return config.Listen(ctx, "tcp", address)
}
