package kube

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// notForTheScheduler are the fields of a pod's spec, by type, that no demand is made
// of. A field that is neither read nor named here fails [TestEveryFieldIsKnown]:
// somebody has to decide what it means for scheduling.
var notForTheScheduler = map[string]string{
	"PodSpec": `ActiveDeadlineSeconds AutomountServiceAccountToken DNSConfig DNSPolicy DeprecatedServiceAccount EnableServiceLinks
		EphemeralContainers HostAliases Hostname HostnameOverride ImagePullSecrets PreemptionPolicy ReadinessGates RestartPolicy
		SecurityContext ServiceAccountName SetHostnameAsFQDN ShareProcessNamespace Subdomain`,
	// Says whether the status counts, and is on the pod's own record.
	"PodSpec with status": `NodeName`,
	// On the pod's own record, not in its demand.
	"PodSpec on Pod": `Priority PriorityClassName ResourceClaims SchedulingGates SchedulingGroup TerminationGracePeriodSeconds`,
	// Whichever scheduler binds the pod, room for it is made.
	"PodSpec whoever schedules": `SchedulerName`,
	// The API server has copied what it asks for into the pod.
	"PodSpec by admission": `RuntimeClassName`,
	"Container": `Args Command Env EnvFrom Image ImagePullPolicy Lifecycle LivenessProbe ReadinessProbe ResizePolicy StartupProbe
		Stdin StdinOnce TTY TerminationMessagePath TerminationMessagePolicy VolumeDevices VolumeMounts WorkingDir`,
	// Joins a container to its status, which is read.
	"Container by name":      `Name`,
	"ContainerPort":          `Name`,
	"ContainerRestartRule":   `ExitCodes`,
	"ResourceRequirements":   `Claims`, // names spec.resourceClaims
	"Toleration":             `TolerationSeconds`,
	"Volume sources":         `ConfigMap DownwardAPI EmptyDir GitRepo Image Projected Secret`,
	"Volume network sources": `CephFS FC FlexVolume Flocker Glusterfs NFS PhotonPersistentDisk Quobyte ScaleIO StorageOS`,
	"SecurityContext": `AllowPrivilegeEscalation AppArmorProfile Capabilities ProcMount ReadOnlyRootFilesystem RunAsGroup RunAsNonRoot RunAsUser
		SELinuxOptions SeccompProfile WindowsOptions`,
	"HostPathVolumeSource":              `Path Type`,
	"CSIVolumeSource":                   `FSType NodePublishSecretRef ReadOnly VolumeAttributes`,
	"EphemeralVolumeSource":             `VolumeClaimTemplate`, // the claim made of it is read
	"PersistentVolumeClaimVolumeSource": `ReadOnly`,
	// Whether there is one is enough to refuse the pod.
	"AWSElasticBlockStoreVolumeSource": `FSType Partition ReadOnly VolumeID`,
	"AzureDiskVolumeSource":            `CachingMode DataDiskURI DiskName FSType Kind ReadOnly`,
	"AzureFileVolumeSource":            `ReadOnly SecretName ShareName`,
	"CinderVolumeSource":               `FSType ReadOnly SecretRef VolumeID`,
	"GCEPersistentDiskVolumeSource":    `FSType PDName Partition ReadOnly`,
	"ISCSIVolumeSource":                `DiscoveryCHAPAuth FSType IQN ISCSIInterface InitiatorName Lun Portals ReadOnly SecretRef SessionCHAPAuth TargetPortal`,
	"PortworxVolumeSource":             `FSType ReadOnly VolumeID`,
	"RBDVolumeSource":                  `CephMonitors FSType Keyring RBDImage RBDPool RadosUser ReadOnly SecretRef`,
	"VsphereVirtualDiskVolumeSource":   `FSType StoragePolicyID StoragePolicyName VolumePath`,
}

// TestEveryFieldIsKnown changes each field of a pod's spec in turn: either the
// fingerprint changes, or the field is known not to matter.
func TestEveryFieldIsKnown(t *testing.T) {
	read := map[string]bool{}
	base := fullPod()
	mark := fingerprintOf(base)
	walk(reflect.ValueOf(base).Elem().FieldByName("Spec"), "", func(field string, change func(func())) (matters bool) {
		change(func() { matters = fingerprintOf(base) != mark })
		read[field] = read[field] || matters
		return matters
	})
	if fingerprintOf(base) != mark {
		t.Fatal("the walk has left something changed")
	}
	ignored := map[string]bool{}
	for owner, names := range notForTheScheduler {
		typ, _, _ := strings.Cut(owner, " ")
		for _, name := range strings.Fields(names) {
			ignored[typ+"."+name] = true
		}
	}
	for _, field := range slices.Sorted(maps.Keys(read)) {
		switch {
		case !read[field] && !ignored[field]:
			t.Errorf("corev1.%s is neither read nor known not to matter for scheduling", field)
		case read[field] && ignored[field]:
			t.Errorf("corev1.%s is read after all", field)
		}
		delete(ignored, field)
	}
	for _, field := range slices.Sorted(maps.Keys(ignored)) {
		t.Errorf("corev1.%s was not met: is it gone?", field)
	}
}

func fingerprintOf(p *corev1.Pod) string {
	var l lane
	requests, plain := l.counter.count(p)
	var problems []string
	if !plain {
		problems = quantityProblems(p)
	}
	return string(l.fingerprint.of(p, requests, problems))
}

// walk visits the fields of a struct, and those below the ones that visit says
// matter. change makes a change to the field, calls its argument and takes it back;
// visit is called for several changes of a field.
func walk(v reflect.Value, owner string, visit func(field string, change func(func())) bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			walk(v.Elem(), owner, visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), owner, visit)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[resource.Quantity]() || v.Type() == reflect.TypeFor[metav1.Time]() {
			return
		}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.Anonymous {
				walk(v.Field(i), v.Type().Name(), visit)
				continue
			}
			name := v.Type().Name()
			if name == "VolumeSource" {
				name = "Volume"
			}
			matters := false
			for _, to := range changes(v.Field(i)) {
				matters = visit(name+"."+f.Name, set(v.Field(i), to)) || matters
			}
			if matters {
				walk(v.Field(i), name, visit)
			}
		}
	}
}

// set returns a function that sets v, calls its argument and sets v back.
func set(v, to reflect.Value) func(func()) {
	return func(look func()) {
		old := reflect.New(v.Type()).Elem()
		old.Set(v)
		v.Set(to)
		look()
		v.Set(old)
	}
}

// changes are other values that v could have: none at all, and one more.
func changes(v reflect.Value) []reflect.Value {
	out := []reflect.Value{reflect.Zero(v.Type())}
	more := reflect.New(v.Type()).Elem()
	more.Set(v)
	switch v.Kind() {
	case reflect.String:
		more.SetString(v.String() + "x")
	case reflect.Bool:
		more.SetBool(!v.Bool())
	case reflect.Int, reflect.Int32, reflect.Int64:
		more.SetInt(v.Int() + 1)
	case reflect.Pointer:
		if !v.IsNil() {
			for _, to := range changes(v.Elem()) {
				p := reflect.New(v.Type().Elem())
				p.Elem().Set(to)
				out = append(out, p)
			}
		}
		return out
	case reflect.Slice:
		if v.Len() > 0 {
			more = reflect.Append(v.Slice3(0, v.Len(), v.Len()), v.Index(v.Len()-1))
		}
	case reflect.Map:
		labels, ok := v.Interface().(map[string]string)
		if !ok || labels == nil {
			return out
		}
		changed := map[string]string{}
		for k, x := range labels {
			changed[k] = x + "x"
		}
		more.Set(reflect.ValueOf(changed))
	default:
		return out
	}
	return append(out, more)
}

// fullPod has every field of its spec set, each source of a volume in a volume of
// its own.
func fullPod() *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "full", Labels: map[string]string{"app": "web"}}}
	fill(reflect.ValueOf(&p.Spec).Elem())
	// What one field hides of another.
	p.Spec.InitContainers[0].RestartPolicyRules = nil
	p.Spec.Containers[0].Ports = append(p.Spec.Containers[0].Ports, corev1.ContainerPort{ContainerPort: 80})
	p.Spec.HostUsers = new(bool)
	p.Spec.InitContainers[0].SecurityContext = nil
	sources := reflect.TypeFor[corev1.VolumeSource]()
	p.Spec.Volumes = nil
	for i := range sources.NumField() {
		v := corev1.Volume{Name: "volume"}
		fill(reflect.ValueOf(&v.VolumeSource).Elem().Field(i))
		p.Spec.Volumes = append(p.Spec.Volumes, v)
	}
	return p
}

// fill sets v and everything below it to something that can mean something.
func fill(v reflect.Value) {
	switch x := v.Addr().Interface().(type) {
	case *resource.Quantity:
		*x = resource.MustParse("3")
		return
	case *metav1.Time:
		*x = metav1.NewTime(time.Unix(1, 0))
		return
	case *metav1.FieldsV1:
		x.SetRawString("{}")
		return
	case *intstr.IntOrString:
		*x = intstr.FromInt32(3)
		return
	case *corev1.ContainerRestartPolicy:
		*x = corev1.ContainerRestartPolicyAlways
		return
	case *corev1.ContainerRestartRuleAction:
		*x = corev1.ContainerRestartRuleActionRestartAllContainers
		return
	case *corev1.ResourceRequirements:
		// What is requested hides the limits.
		x.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("3")}
		x.Limits = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("5")}
		x.Claims = []corev1.ResourceClaim{{Name: "claim", Request: "request"}}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("app")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(3)
	case reflect.Uint8:
		v.SetUint(3)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key)
		fill(value)
		if v.Type() == reflect.TypeFor[corev1.ResourceList]() {
			key.SetString("cpu")
		}
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	default:
		panic(fmt.Sprintf("a %s in a pod", v.Type()))
	}
}
