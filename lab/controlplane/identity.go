package controlplane

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// The service network, where EKS puts it; .1 is the API server's own service.
const (
	serviceCIDR = "10.100.0.0/16"
	serviceIP   = "10.100.0.1"
)

// kubeletClient is who the API server is when it talks to a kubelet.
const kubeletClient = "kube-apiserver-kubelet-client"

// identities are the certificates, keys and kubeconfigs of one control plane.
type identities struct {
	pki
	signingKeyFile string
	admin          pair
	clusterCA      pair
}

// newIdentities loads what is in dir and issues what is missing or ends soon.
func newIdentities(dir string, now time.Time) (*identities, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("certificates: %w", err)
	}
	id := &identities{pki: pki{dir, now}}
	cluster, err := id.authority("ca")
	if err != nil {
		return nil, err
	}
	id.clusterCA = cluster
	// The front proxy and etcd have authorities of their own: who can get a client
	// certificate from the cluster's CA (a CertificateSigningRequest does it) must
	// be able neither to name himself as anybody nor to read etcd.
	front, err := id.authority("front-proxy-ca")
	if err != nil {
		return nil, err
	}
	etcd, err := id.authority("etcd-ca")
	if err != nil {
		return nil, err
	}
	local := []string{"localhost", "127.0.0.1"}
	for _, x := range []struct {
		ca pair
		leaf
	}{
		{cluster, leaf{name: "apiserver", commonName: "kube-apiserver", hosts: append(local,
			serviceIP, "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local")}},
		{cluster, leaf{name: "apiserver-kubelet-client", commonName: kubeletClient, client: true}},
		{cluster, leaf{name: "kubelet", commonName: "kubelet", groups: []string{"system:nodes"}, hosts: local}},
		{cluster, leaf{name: "controller-manager", commonName: "system:kube-controller-manager", client: true}},
		{cluster, leaf{name: "scheduler", commonName: "system:kube-scheduler", client: true}},
		{front, leaf{name: "front-proxy-client", commonName: "front-proxy-client", client: true}},
		{etcd, leaf{name: "etcd", commonName: "etcd", hosts: local, client: true}},
		{etcd, leaf{name: "etcd-client", commonName: "kube-apiserver-etcd-client", client: true}},
	} {
		if _, err := id.ensure(x.ca, x.leaf); err != nil {
			return nil, err
		}
	}
	if id.admin, err = id.ensure(cluster, leaf{name: "admin", commonName: "kubernetes-admin", groups: []string{"system:masters"}, client: true}); err != nil {
		return nil, err
	}
	id.signingKeyFile, err = id.signingKey("service-account")
	return id, err
}

// kubeconfig writes a kubeconfig for the named certificate, with everything
// inside it, so that it can be copied elsewhere.
func (id *identities) kubeconfig(file, server, name, context string) error {
	ca, err := os.ReadFile(id.crt("ca"))
	if err != nil {
		return fmt.Errorf("kubeconfig: %w", err)
	}
	crt, err := os.ReadFile(id.crt(name))
	if err != nil {
		return fmt.Errorf("kubeconfig: %w", err)
	}
	key, err := os.ReadFile(id.key(name))
	if err != nil {
		return fmt.Errorf("kubeconfig: %w", err)
	}
	c := clientcmdapi.NewConfig()
	c.Clusters[context] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: ca}
	c.AuthInfos[name] = &clientcmdapi.AuthInfo{ClientCertificateData: crt, ClientKeyData: key}
	c.Contexts[context] = &clientcmdapi.Context{Cluster: context, AuthInfo: name}
	c.CurrentContext = context
	data, err := clientcmd.Write(*c)
	if err != nil {
		return fmt.Errorf("kubeconfig: %w", err)
	}
	// Written beside it and renamed: kubectl in another terminal never reads half
	// a file, and a file that somebody opened up gets 0600 again.
	tmp := file + ".tmp"
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return fmt.Errorf("write kubeconfig: %w", err)
	}
	if err := os.Rename(tmp, file); err != nil {
		return fmt.Errorf("write kubeconfig: %w", err)
	}
	return nil
}

func (id *identities) componentKubeconfig(server, name string) (string, error) {
	file := filepath.Join(id.dir, name+".kubeconfig")
	return file, id.kubeconfig(file, server, name, name)
}
