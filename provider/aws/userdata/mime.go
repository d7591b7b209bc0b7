package userdata

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// part is one of an archive's, with its headers as they are written.
type part struct{ headers, body string }

// partsOf takes user data for AL2023 apart: an archive into its parts; a NodeConfig, a
// script and a cloud-config are one each.
func partsOf(text string) ([]part, error) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	begin := strings.TrimLeft(text, " \t\n")
	of := func(kind string) ([]part, error) { return []part{{"Content-Type: " + kind + "\n", begin}}, nil }
	switch {
	case begin == "":
		return nil, nil
	case strings.HasPrefix(begin, "MIME-Version:") || strings.HasPrefix(begin, "Content-Type:"):
		return readArchive(begin)
	case strings.HasPrefix(begin, "#!"):
		return of(`text/x-shellscript; charset="us-ascii"`)
	case strings.HasPrefix(begin, "#cloud-config"):
		return of(`text/cloud-config; charset="us-ascii"`)
	}
	var config struct {
		APIVersion string `json:"apiVersion"`
	}
	if err := yaml.Unmarshal([]byte(begin), &config); err == nil && strings.HasPrefix(config.APIVersion, nodeConfig+"/") {
		return of("application/" + nodeConfig)
	}
	return nil, fmt.Errorf("it is none of what AL2023 reads: a MIME archive, a NodeConfig of %s, a script that begins with #!, or a #cloud-config", nodeConfig)
}

// readArchive reads the parts of an archive, bodies as they are encoded there.
func readArchive(text string) ([]part, error) {
	msg, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("its MIME headers cannot be read: %w", err)
	}
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		return nil, fmt.Errorf("its MIME header Content-Type cannot be read: %w", err)
	}
	if !strings.HasPrefix(kind, "multipart/") || params["boundary"] == "" {
		return nil, fmt.Errorf("its MIME header Content-Type is %s; want multipart/mixed with a boundary", kind)
	}
	var out []part
	for r := multipart.NewReader(msg.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		var body []byte
		if err == nil {
			body, err = io.ReadAll(p)
		}
		if err != nil {
			return nil, fmt.Errorf("part %d of its MIME archive cannot be read: %w", len(out)+1, err)
		}
		var headers []string
		for name, values := range p.Header {
			for _, v := range values {
				headers = append(headers, name+": "+v+"\n")
			}
		}
		slices.Sort(headers)
		out = append(out, part{strings.Join(headers, ""), string(body)})
	}
}

// archive writes parts as one MIME document, with line feeds alone as cloud-init reads
// them. The boundary is one that no part contains.
func archive(parts []part) string {
	boundary := "//"
	for n := 1; slices.ContainsFunc(parts, func(p part) bool { return strings.Contains(p.body, "--"+boundary) }); n++ {
		boundary = fmt.Sprintf("ullage-%d", n)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=%q\n\n", boundary)
	for _, p := range parts {
		fmt.Fprintf(&b, "--%s\n%s\n%s\n", boundary, p.headers, strings.TrimSuffix(p.body, "\n"))
	}
	fmt.Fprintf(&b, "--%s--\n", boundary)
	return b.String()
}
