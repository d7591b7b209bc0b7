package controlplane

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// etcdQuota is the size at which etcd refuses to grow: generous, because what a
// scale-out of ten thousand pods once needed is reused, not given back.
const etcdQuota = 8 << 30

// startEtcd runs a single member on ports that the kernel chooses, and returns its
// client URL.
func startEtcd(ctx context.Context, dir string, id *identities, log *zap.Logger) (e *embed.Etcd, url string, err error) {
	defer func() {
		// etcd panics when it cannot make sense of its files.
		if r := recover(); r != nil {
			e, err = nil, fmt.Errorf("etcd cannot use its data in %s: %v: restore the directory, or start on another one", dir, r)
		}
	}()
	e, err = embed.StartEtcd(etcdConfig(dir, id, log))
	if err != nil {
		return nil, "", fmt.Errorf("etcd: %w", err)
	}
	select {
	case <-e.Server.ReadyNotify():
		return e, "https://" + e.Clients[0].Addr().String(), nil
	case err = <-e.Err():
	case <-e.Server.StopNotify():
		err = fmt.Errorf("stopped while starting")
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	e.Close()
	return nil, "", fmt.Errorf("etcd: %w", err)
}

func etcdConfig(dir string, id *identities, log *zap.Logger) *embed.Config {
	loopback := []url.URL{{Scheme: "https", Host: "127.0.0.1:0"}}
	tls := transport.TLSInfo{
		CertFile: id.crt("etcd"), KeyFile: id.key("etcd"),
		TrustedCAFile: id.crt("etcd-ca"), ClientCertAuth: true,
	}
	cfg := embed.NewConfig()
	cfg.Name = "lab"
	cfg.Dir = filepath.Join(dir, "etcd")
	cfg.ZapLoggerBuilder = embed.NewZapLoggerBuilder(log.WithOptions(zap.WithFatalHook(zapcore.WriteThenPanic)))
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls, cfg.ClientTLSInfo = loopback, loopback, tls
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls, cfg.PeerTLSInfo = loopback, loopback, tls
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	cfg.QuotaBackendBytes = etcdQuota
	cfg.EnableGRPCGateway = false
	cfg.WarningUnaryRequestDuration = embed.DefaultWarningUnaryRequestDuration // 0 would log every request
	// One member elects itself as soon as its timeout ends: there is nobody to wait
	// for.
	cfg.TickMs, cfg.ElectionMs = 20, 100
	return cfg
}
