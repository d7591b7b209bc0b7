package controlplane

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// childDir makes the test binary a lab of its own on that directory, to be killed.
const childDir = "ULLAGE_TEST_CONTROLPLANE"

// loggerAtInit is what Kubernetes' own initialization left in the variable that
// logs.go reaches into; nil when that variable is no longer there.
var loggerAtInit = etcdClientLogger

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := child(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// child runs a control plane until its standard input ends.
func child(dir string) error {
	c, err := Start(context.Background(), Config{Dir: dir})
	if err != nil {
		return err
	}
	fmt.Println("ready")
	_, _ = bufio.NewReader(os.Stdin).ReadString(0) // its end is what is waited for
	return c.Stop()
}

func start(t *testing.T, cfg Config) *ControlPlane {
	t.Helper()
	c, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func clientOf(t *testing.T, cfg *rest.Config) kubernetes.Interface {
	t.Helper()
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func remember(t *testing.T, client kubernetes.Interface, name string) {
	t.Helper()
	m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{"a": "b"}}
	if _, err := client.CoreV1().ConfigMaps("default").Create(t.Context(), m, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func recall(t *testing.T, client kubernetes.Interface, name string) {
	t.Helper()
	if m, err := client.CoreV1().ConfigMaps("default").Get(t.Context(), name, metav1.GetOptions{}); err != nil || m.Data["a"] != "b" {
		t.Errorf("%s: %v, %v", name, err, m)
	}
}

// TestRestartInOneProcess also sees what every start must give: the pinned version,
// RBAC, a private kubeconfig, one control plane at a time.
func TestRestartInOneProcess(t *testing.T) {
	dir := t.TempDir()
	c := start(t, Config{Dir: dir})
	client := clientOf(t, c.RESTConfig())
	if v, err := client.Discovery().ServerVersion(); err != nil || v.GitVersion != Version || v.Major != "1" || v.Minor != "36" {
		t.Errorf("version %+v, %v", v, err)
	}
	if loggerAtInit == nil {
		t.Error("the API server's etcd logger has moved: see logs.go")
	}
	if _, err := client.CoreV1().Services("default").Get(t.Context(), "kubernetes", metav1.GetOptions{}); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(c.Kubeconfig()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("kubeconfig: %v, %v", info, err)
	}
	if _, err := Start(t.Context(), Config{Dir: t.TempDir()}); err == nil {
		t.Error("a second control plane in the process is no error")
	}
	checkRBAC(t, c)
	remember(t, client, "first")
	for range 2 {
		if err := errors.Join(c.Stop(), c.Stop(), c.Err()); err != nil {
			t.Fatal(err)
		}
		c = start(t, Config{Dir: dir})
		recall(t, clientOf(t, c.RESTConfig()), "first")
	}
}

// checkRBAC acts as somebody without rights, then grants one.
func checkRBAC(t *testing.T, c *ControlPlane) {
	t.Helper()
	as := c.RESTConfig()
	as.Impersonate = rest.ImpersonationConfig{UserName: "jane"}
	jane, admin := clientOf(t, as), clientOf(t, c.RESTConfig())
	if _, err := jane.CoreV1().Pods("default").List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("without a role: %v, want forbidden", err)
	}
	b := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "jane"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "view"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: "jane"}},
	}
	if _, err := admin.RbacV1().RoleBindings("default").Create(t.Context(), b, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	// The authorizer learns of the binding by its own watch; review until it has.
	for range 1000 {
		if _, err := jane.CoreV1().Pods("default").List(t.Context(), metav1.ListOptions{}); err == nil {
			return
		} else if !apierrors.IsForbidden(err) {
			t.Fatal(err)
		}
	}
	t.Error("with the role view: still forbidden")
}

// TestKill kills a lab as hard as it goes, and starts on what it has left.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	cmd, _ := startChild(t, dir)
	cfg, err := restConfigIn(dir)
	if err != nil {
		t.Fatal(err)
	}
	remember(t, clientOf(t, cfg), "before")
	var inUse *InUseError
	if _, err := Start(t.Context(), Config{Dir: dir}); !errors.As(err, &inUse) || inUse.PID != cmd.Process.Pid {
		t.Errorf("a second lab on the directory: %v, want it to name process %d", err, cmd.Process.Pid)
	}
	if pid, ok := InUse(dir); !ok || pid != cmd.Process.Pid {
		t.Errorf("in use: %v by %d, want by %d", ok, pid, cmd.Process.Pid)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if _, ok := InUse(dir); ok {
		t.Error("in use after the kill")
	}
	recall(t, clientOf(t, start(t, Config{Dir: dir}).RESTConfig()), "before")
}

// TestQuiet: a lab writes to its log files, not to the terminal.
func TestQuiet(t *testing.T) {
	dir := t.TempDir()
	cmd, stop := startChild(t, dir)
	stop()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if text := cmd.Stderr.(*bytes.Buffer).String(); text != "" {
		t.Errorf("on the terminal:\n%s", text)
	}
	for _, name := range []string{componentLog, etcdLog} {
		if _, err := os.Stat(filepath.Join(dir, "log", name)); err != nil {
			t.Error(err)
		}
	}
}

// startChild runs a control plane in a process of its own; the returned function
// asks it to stop.
func startChild(t *testing.T, dir string) (*exec.Cmd, func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Stderr = &bytes.Buffer{}
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // mostly it has ended
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		_ = cmd.Wait() // so that all it said is there
		t.Fatalf("child: %v, %q\n%s", err, line, cmd.Stderr)
	}
	return cmd, func() { _ = in.Close() }
}

func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }() // the test is over
	port := l.Addr().(*net.TCPAddr).Port
	var inUse *PortInUseError
	if _, err := Start(t.Context(), Config{Dir: t.TempDir(), Port: port}); !errors.As(err, &inUse) || inUse.Port != port {
		t.Errorf("%v, want that port %d is in use", err, port)
	}
}

func TestStartThatCannotWork(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), Config{Dir: file}); err == nil {
		t.Error("a file as directory is no error")
	}
	// etcd's data is damaged: the error says where to look, and nothing is left
	// running.
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "etcd", "member", "wal"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "etcd", "member", "wal", "0000000000000000-0000000000000000.wal"), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "log")) {
		t.Errorf("damaged data: %v, want the place of the log", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("changed my mind"))
	if _, err := Start(ctx, Config{Dir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "changed my mind") {
		t.Errorf("cancelled: %v", err)
	}
	start(t, Config{Dir: t.TempDir()}) // none of them is in the way
}
