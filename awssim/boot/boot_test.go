package boot_test

import (
	"encoding/base64"
	"reflect"
	"slices"
	"testing"

	"github.com/ullage-sh/ullage/awssim/boot"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/aws/userdata"
)

var (
	labels = cluster.Labels{"karpenter.sh/nodepool": "general", "karpenter.sh/capacity-type": "spot", "team": ""}
	taints = []cluster.Taint{
		{Key: "dedicated", Value: "web", Effect: cluster.NoExecute}, {Key: "dedicated", Value: "web", Effect: cluster.NoSchedule}, {Key: "karpenter.sh/unregistered", Effect: cluster.NoExecute},
	}
)

// TestReadsWhatIsWritten: a machine registers with what the provider says, whatever the
// user says beside it.
func TestReadsWhatIsWritten(t *testing.T) {
	want := boot.Node{Labels: labels, Taints: taints}
	for name, x := range map[string]struct {
		family userdata.Family
		custom string
		also   cluster.Labels
	}{
		"AL2023":       {userdata.AL2023, "", nil},
		"a script":     {userdata.AL2023, "#!/bin/sh\necho --//\n", nil},
		"a NodeConfig": {userdata.AL2023, "apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec: {kubelet: {flags: ['--node-labels=color=green'], config: {registerWithTaints: [{key: a, effect: NoSchedule}]}}}\n", cluster.Labels{"color": "green"}},
		"Bottlerocket": {userdata.Bottlerocket, "[settings.kubernetes.node-labels]\ncolor = 'green'\nteam = 'red'\n", cluster.Labels{"color": "green"}},
	} {
		text, err := userdata.Make(x.family, userdata.Node{
			Cluster: userdata.Cluster{Name: "shop", Endpoint: "https://shop", CA: "Q0E=", ServiceCIDR: "172.20.0.0/16"}, Labels: labels, Taints: taints, Custom: x.custom,
		})
		if err != nil {
			t.Fatal(err)
		}
		got := boot.Read(base64.StdEncoding.EncodeToString([]byte(text)))
		for k, v := range x.also {
			if got.Labels[k] != v {
				t.Errorf("%s: label %s is %q, want %q", name, k, got.Labels[k], v)
			}
			delete(got.Labels, k)
		}
		if !got.Equal(want) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

// TestRead: forms that the provider does not write.
func TestRead(t *testing.T) {
	for name, x := range map[string]struct {
		text string
		want boot.Node
	}{
		"nothing":   {"", boot.Node{}},
		"a script":  {"#!/bin/sh\n/etc/eks/bootstrap.sh shop --kubelet-extra-args --node-labels=a=b\n", boot.Node{}},
		"quoted":    {"apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec: {kubelet: {flags: ['--node-labels=\"a=b,c=d\"', '--register-with-taints=k=v:NoSchedule,l:NoExecute']}}\n", boot.Node{Labels: cluster.Labels{"a": "b", "c": "d"}, Taints: []cluster.Taint{{Key: "k", Value: "v", Effect: "NoSchedule"}, {Key: "l", Effect: "NoExecute"}}}},
		"no config": {"apiVersion: v1\nkind: Pod\n", boot.Node{}},
		"encoded": {"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: application/node.eks.aws\nContent-Transfer-Encoding: base64\n\n" +
			base64.StdEncoding.EncodeToString([]byte("apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec: {kubelet: {flags: [--node-labels=a=b]}}\n")) + "\n--x--\n", boot.Node{Labels: cluster.Labels{"a": "b"}}},
		"broken": {"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Ty", boot.Node{}},
	} {
		if got := boot.Read(base64.StdEncoding.EncodeToString([]byte(x.text))); !got.Equal(x.want) {
			t.Errorf("%s: %+v, want %+v", name, got, x.want)
		}
	}
	if got := boot.Read("no base64!"); !got.Equal(boot.Node{}) {
		t.Errorf("%+v", got)
	}
}

// FuzzRead: no user data stops a machine.
func FuzzRead(f *testing.F) {
	f.Add([]byte("apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec: {kubelet: {flags: [--node-labels=a=b]}}\n"))
	f.Add([]byte("[settings.kubernetes.node-taints]\na = ['b:NoSchedule']\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		n := boot.Read(base64.StdEncoding.EncodeToString(text))
		if m := boot.Read(base64.StdEncoding.EncodeToString(slices.Clone(text))); !reflect.DeepEqual(n.Labels, m.Labels) || !slices.Equal(n.Taints, m.Taints) {
			t.Errorf("%+v, and %+v", n, m)
		}
	})
}
