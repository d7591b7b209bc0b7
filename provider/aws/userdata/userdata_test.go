package userdata

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/pelletier/go-toml/v2"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"github.com/ullage-sh/ullage/cluster"
)

var shop = Cluster{Name: "shop", Endpoint: "https://shop.example", CA: "Q0E=", ServiceCIDR: "172.20.0.0/16"}

// TestScripts: testdata has a node in JSON, a line of dots, the class's own user data, and
// what comes of it. -rewrite writes that anew.
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			config, custom, _ := strings.Cut(d.Input, "\n...\n")
			var n Node
			if err := json.NewDecoder(strings.NewReader(config)).Decode(&n); err != nil {
				t.Fatalf("%s: %v", d.Pos, err)
			}
			n.Cluster, n.Custom = shop, custom
			out, err := Make(Family(d.Cmd), n)
			if err != nil {
				return "error: " + err.Error() + "\n"
			}
			return out
		})
	})
}

// read takes an archive apart as cloud-init does.
func read(t rapid.TB, text string) (kinds, bodies []string) {
	msg, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	_, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	for r := multipart.NewReader(msg.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return kinds, bodies
		}
		if err != nil {
			t.Fatalf("%v in %q", err, text)
		}
		body, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		kinds, bodies = append(kinds, p.Header.Get("Content-Type")), append(bodies, string(body))
	}
}

// TestNodeConfigIsLast: whatever parts the user has, they come first and unchanged, and
// ours is the last: nodeadm lets the last one win.
func TestNodeConfigIsLast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.SampledFrom([]string{"echo", "--//", "--ullage-1", "--//--", "", "a: b", "MIME-Version: 1.0"}), 1, 4)
		var parts []part
		for range rapid.IntRange(0, 3).Draw(t, "parts") {
			parts = append(parts, part{"Content-Type: text/x-shellscript\n", "#!/bin/sh\n" + strings.Join(lines.Draw(t, "lines"), "\n") + "\nend"})
		}
		n := Node{Cluster: shop}
		if len(parts) > 0 {
			n.Custom = archive(parts)
		}
		for range 2 { // ours can be given as the user's again
			out, err := Make(AL2023, n)
			if err != nil {
				t.Fatal(err)
			}
			kinds, bodies := read(t, out)
			for i, p := range parts {
				if bodies[i] != p.body {
					t.Fatalf("part %d is %q, was %q", i, bodies[i], p.body)
				}
			}
			if last := len(kinds) - 1; kinds[last] != "application/node.eks.aws" || !strings.Contains(bodies[last], "name: shop") {
				t.Fatalf("the last part is %s: %q", kinds[last], bodies[last])
			}
			n.Custom = out
		}
	})
}

// TestSameBytes: the same node gives the same text, whatever the order of its maps.
func TestSameBytes(t *testing.T) {
	n := Node{Cluster: shop, Labels: cluster.Labels{}}
	for _, k := range "abcdefghij" {
		n.Labels["example.com/"+string(k)] = "x"
	}
	for _, family := range []Family{AL2023, Bottlerocket} {
		first, err := Make(family, n)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			if again, _ := Make(family, n); again != first {
				t.Fatalf("%s: %q and %q", family, first, again)
			}
		}
	}
}

// FuzzMake: whatever the user has written, either it is refused or what comes out can be
// read by those who are to read it.
func FuzzMake(f *testing.F) {
	for _, text := range []string{"", "#!/bin/sh\n", "[settings.kubernetes]\nmax-pods = 3\n", "settings = 1", "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nhi\n--x--\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, custom string) {
		n := Node{Cluster: shop, Custom: custom, InstanceStore: "RAID0", Labels: cluster.Labels{"team": "blue"}}
		if out, err := Make(AL2023, n); err == nil {
			_, bodies := read(t, out)
			var doc struct {
				Spec struct{ Cluster struct{ Name string } }
			}
			if err := yaml.Unmarshal([]byte(bodies[len(bodies)-1]), &doc); err != nil || doc.Spec.Cluster.Name != "shop" {
				t.Fatalf("%v: %q", err, out)
			}
		}
		if out, err := Make(Bottlerocket, n); err == nil {
			var doc struct {
				Settings struct {
					Kubernetes struct {
						Name string `toml:"cluster-name"`
					}
				}
			}
			if err := toml.NewDecoder(bytes.NewReader([]byte(out))).Decode(&doc); err != nil || doc.Settings.Kubernetes.Name != "shop" {
				t.Fatalf("%v: %q", err, out)
			}
		}
	})
}
