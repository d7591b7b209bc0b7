// Package controlplane runs a real Kubernetes control plane inside this process:
// etcd, kube-apiserver, kube-controller-manager and kube-scheduler of one
// Kubernetes version, with RBAC and certificates of their own, on 127.0.0.1.
//
// It owns the directory they live in (data, certificates, kubeconfig, logs) and
// what is process-wide about them: klog, feature gates, the reported version.
//
// It refuses to know anything about nodes: who registers them and what runs there
// is package kubelet's business. It runs one control plane at a time, because the
// components share process-wide registries; a stopped one can be started again.
package controlplane
