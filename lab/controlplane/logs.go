package controlplane

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	_ "unsafe" // for go:linkname

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"google.golang.org/grpc/grpclog"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

// The log files of a control plane. The components share one: they share klog.
const (
	componentLog = "kubernetes.log"
	etcdLog      = "etcd.log"
)

// logs are the open log files. They outlive a Stop: the goroutines that a
// component leaves behind may still write, and must not write to the terminal.
type logs struct {
	dir  string
	etcd *zap.Logger
}

// The logger of the API server's etcd clients writes to the terminal and has no
// setting: at each stop it would tell of requests that were cut off.
//
//go:linkname etcdClientLogger k8s.io/apiserver/pkg/storage/storagebackend/factory.etcd3ClientLogger
var etcdClientLogger *zap.Logger

// quiet sets what is process-wide, once: klog, client-go's warnings and gRPC's log
// would all go to the terminal.
var quiet = sync.OnceValue(func() error {
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, io.Discard))
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	return errors.Join(
		flags.Set("logtostderr", "false"),
		flags.Set("alsologtostderr", "false"),
		flags.Set("stderrthreshold", "FATAL"),
		flags.Set("v", "0"))
})

// openLogs sends the process's klog and the returned etcd logger to files in dir.
// The logs of the previous run are kept beside them, with the suffix ".1".
func openLogs(dir string) (*logs, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("logs: %w", err)
	}
	components, err := create(filepath.Join(dir, componentLog))
	if err != nil {
		return nil, err
	}
	etcd, err := create(filepath.Join(dir, etcdLog))
	if err != nil {
		return nil, err
	}
	if err := quiet(); err != nil {
		return nil, fmt.Errorf("logs: %w", err)
	}
	klog.SetOutput(components)
	encoder := zap.NewProductionEncoderConfig()
	encoder.EncodeTime = zapcore.ISO8601TimeEncoder
	core := zapcore.NewCore(zapcore.NewConsoleEncoder(encoder), zapcore.Lock(etcd), zap.WarnLevel)
	etcdClientLogger = zap.New(core).Named("client")
	return &logs{dir: dir, etcd: zap.New(core)}, nil
}

func create(file string) (*os.File, error) {
	if err := os.Rename(file, file+".1"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("keep the last log: %w", err)
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("logs: %w", err)
	}
	return f, nil
}

// see names the place to look at when something failed.
func (l *logs) see() string { return "the log is in " + l.dir }
