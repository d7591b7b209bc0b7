package duel

import (
	"context"
	"fmt"
	"os"

	authv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ullage-sh/ullage/deploy"
	"github.com/ullage-sh/ullage/lab"
)

// Contestant is an autoscaler that can be run as a process.
type Contestant struct {
	Name string
	// Binary is the program's path.
	Binary string
	// account is who it is in the cluster: NAMESPACE and name of a service account.
	namespace, account string
	// powerful: the account is made an administrator, since its own rights are not in the
	// cluster.
	powerful bool
	args     []string
	env      []string
}

// Ullage is our operator, with its defaults.
func Ullage(binary string) Contestant {
	return Contestant{
		Name: "ullage", Binary: binary, namespace: deploy.Namespace, account: deploy.ServiceAccount,
		args: []string{"operator", "--provider", "aws", "--cluster-name", lab.ClusterName, "--interruption-queue", lab.ClusterName, "--listen", ""},
	}
}

// Karpenter is its AWS provider's controller, with its defaults. Gates are feature gates
// other than those, such as SpotToSpotConsolidation=true; "" for none.
func Karpenter(binary, gates string) Contestant {
	c := Contestant{
		Name: "karpenter", Binary: binary, namespace: "karpenter", account: "karpenter", powerful: true,
		env: []string{
			"CLUSTER_NAME=" + lab.ClusterName, "INTERRUPTION_QUEUE=" + lab.ClusterName, "DISABLE_LEADER_ELECTION=true",
			"METRICS_PORT=0", "HEALTH_PROBE_PORT=0", "KARPENTER_SERVICE=karpenter", "SYSTEM_NAMESPACE=karpenter",
		},
	}
	if gates != "" {
		c.env = append(c.env, "FEATURE_GATES="+gates)
	}
	return c
}

// user is what the API server calls it.
func (c Contestant) user() string { return "system:serviceaccount:" + c.namespace + ":" + c.account }

// admit gives it an account in the cluster and writes the kubeconfig with which it is that.
func (c Contestant) admit(ctx context.Context, admin client.Client, cfg *rest.Config, file string) error {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: c.account}}
	objects := []client.Object{&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: c.namespace}}, account}
	if c.powerful {
		objects = append(objects, &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: "duel-" + c.Name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: c.namespace, Name: c.account}},
		})
	}
	for _, o := range objects {
		if err := client.IgnoreAlreadyExists(admin.Create(ctx, o)); err != nil {
			return fmt.Errorf("account of %s: %w", c.Name, err)
		}
	}
	day := int64(24 * 60 * 60)
	token := &authv1.TokenRequest{Spec: authv1.TokenRequestSpec{ExpirationSeconds: &day}}
	if err := admin.SubResource("token").Create(ctx, account, token); err != nil {
		return fmt.Errorf("token of %s: %w", c.Name, err)
	}
	ca := cfg.CAData
	if len(ca) == 0 {
		var err error
		if ca, err = os.ReadFile(cfg.CAFile); err != nil {
			return fmt.Errorf("kubeconfig of %s: %w", c.Name, err)
		}
	}
	k := clientcmdapi.NewConfig()
	k.Clusters["lab"] = &clientcmdapi.Cluster{Server: cfg.Host, CertificateAuthorityData: ca}
	k.AuthInfos[c.Name] = &clientcmdapi.AuthInfo{Token: token.Status.Token}
	k.Contexts["lab"] = &clientcmdapi.Context{Cluster: "lab", AuthInfo: c.Name}
	k.CurrentContext = "lab"
	if err := clientcmd.WriteToFile(*k, file); err != nil {
		return fmt.Errorf("kubeconfig of %s: %w", c.Name, err)
	}
	return nil
}
