package awssim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/smithy-go/encoding/httpbinding"
)

// signature is what the header Authorization says: AWS Signature Version 4.
type signature struct {
	key, date, region, service string
	headers                    []string
	mac                        string
}

const algorithm = "AWS4-HMAC-SHA256"

// parseSignature reads the header "AWS4-HMAC-SHA256 Credential=key/date/region/service/
// aws4_request, SignedHeaders=a;b, Signature=hex".
func parseSignature(header string) (signature, error) {
	var s signature
	rest, ok := strings.CutPrefix(header, algorithm+" ")
	if !ok {
		return s, errors.New("the request is not signed with " + algorithm)
	}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			scope := strings.Split(value, "/")
			if len(scope) != 5 || scope[4] != "aws4_request" {
				return s, errors.New("the credential is not key/date/region/service/aws4_request")
			}
			s.key, s.date, s.region, s.service = scope[0], scope[1], scope[2], scope[3]
		case "SignedHeaders":
			s.headers = strings.Split(value, ";")
		case "Signature":
			s.mac = value
		}
	}
	if s.service == "" || len(s.headers) == 0 || s.mac == "" {
		return s, errors.New("one of Credential, SignedHeaders and Signature is missing")
	}
	// As the protocol has it. Without this a long header that is named again and again
	// would make the canonical request as large as its square.
	for i, name := range s.headers {
		if name != strings.ToLower(name) || i > 0 && name <= s.headers[i-1] {
			return s, errors.New("SignedHeaders are not in lower case, sorted, each of them once")
		}
	}
	return s, nil
}

var (
	errSignature = errors.New("the signature does not match: the key or the request is not what was signed")
	errSkewed    = errors.New("the request was signed at another time: check the clock")
)

// skew is how far clocks may be apart.
const skew = 5 * time.Minute

// verify checks a request against the secret of its key.
func (s signature) verify(r *http.Request, body []byte, secret string, now time.Time) error {
	stamp := r.Header.Get("X-Amz-Date")
	at, err := time.Parse("20060102T150405Z", stamp)
	if err != nil || !strings.HasPrefix(stamp, s.date) || !slices.Contains(s.headers, "host") || !slices.Contains(s.headers, "x-amz-date") {
		return errSignature
	}
	if at.Before(now.Add(-skew)) || at.After(now.Add(skew)) {
		return errSkewed
	}
	sum := sha256.Sum256([]byte(s.canonical(r, body)))
	text := strings.Join([]string{algorithm, stamp, strings.Join([]string{s.date, s.region, s.service, "aws4_request"}, "/"), hex.EncodeToString(sum[:])}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.date, s.region, s.service, "aws4_request", text} {
		m := hmac.New(sha256.New, key)
		_, _ = m.Write([]byte(part)) // a hash does not fail
		key = m.Sum(nil)
	}
	if !hmac.Equal([]byte(hex.EncodeToString(key)), []byte(s.mac)) {
		return errSignature
	}
	return nil
}

// canonical is the request in the one form that is signed.
func (s signature) canonical(r *http.Request, body []byte) string {
	var b strings.Builder
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	fmt.Fprintf(&b, "%s\n%s\n%s\n", r.Method, httpbinding.EscapePath(path, false), canonicalQuery(r.URL.RawQuery))
	for _, name := range s.headers {
		fmt.Fprintf(&b, "%s:%s\n", name, headerValue(r, name))
	}
	sum := sha256.Sum256(body)
	fmt.Fprintf(&b, "\n%s\n%s", strings.Join(s.headers, ";"), hex.EncodeToString(sum[:]))
	return b.String()
}

func headerValue(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length":
		return strconv.FormatInt(r.ContentLength, 10)
	}
	values := slices.Clone(r.Header.Values(name))
	for i := range values {
		values[i] = strings.Join(strings.Fields(values[i]), " ")
	}
	return strings.Join(values, ",")
}

// canonicalQuery is a query sorted by name, then value.
func canonicalQuery(raw string) string {
	var pairs []string
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		pairs = append(pairs, canonicalText(name)+"="+canonicalText(value))
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// canonicalText is a part of a query, escaped in the one way that is signed.
func canonicalText(s string) string {
	plain, err := url.QueryUnescape(s)
	if err != nil {
		return s
	}
	return httpbinding.EscapePath(plain, true)
}
