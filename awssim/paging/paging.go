// Package paging cuts what a request asks for into pages, with tokens that only the
// operation takes back that gave them out.
package paging

import (
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ullage-sh/ullage/awssim/wire"
)

// Bounds of MaxResults, and how many there are on a page without it.
type Bounds struct {
	Least, Most, Usual int32
	// Codes of what is refused; EC2's unless a service has others.
	Codes
}

// Codes are what a service calls a page of a size that cannot be, and a token that it has
// not given out.
type Codes struct{ Size, Token string }

var ofEC2 = Codes{"InvalidParameterValue", "InvalidNextToken"}

// Page returns a page of the results and the token of the next one, nil for the last.
//
// A token says where to go on, and for what operation: it is opaque, and one that was
// made up or is another operation's is refused.
func Page[T any](operation string, all []T, size *int32, token *string, b Bounds) ([]T, *string, error) {
	codes := b.Codes
	if codes == (Codes{}) {
		codes = ofEC2
	}
	n := b.Usual
	if size != nil {
		if n = *size; n < b.Least || n > b.Most {
			return nil, nil, wire.Errorf(codes.Size, "Value ( %d ) for parameter maxResults is invalid. Expecting a value between %d and %d", n, b.Least, b.Most)
		}
	}
	begin := 0
	if aws.ToString(token) != "" {
		var ok bool
		if begin, ok = Open(operation, *token); !ok || begin > len(all) {
			return nil, nil, wire.Errorf(codes.Token, "The NextToken is not valid for %s", operation)
		}
	}
	end := min(begin+int(n), len(all))
	if end == len(all) {
		return all[begin:], nil, nil
	}
	return all[begin:end], aws.String(Token(operation, end)), nil
}

// Token is where an operation goes on.
func Token(operation string, at int) string {
	return base64.URLEncoding.EncodeToString(fmt.Appendf(nil, "%d/%08x", at, sum(operation, at)))
}

// Open reads a token of an operation; false for any other text.
func Open(operation, token string) (at int, ok bool) {
	text, err := base64.URLEncoding.DecodeString(token)
	if err != nil {
		return 0, false
	}
	number, _, _ := strings.Cut(string(text), "/")
	at, err = strconv.Atoi(number)
	return at, err == nil && at >= 0 && Token(operation, at) == token
}

// sum ties a token to its operation. It keeps mistakes out, not attackers: there is
// nothing that they could get by it.
func sum(operation string, at int) uint32 {
	h := fnv.New32a()
	_, _ = fmt.Fprintf(h, "page of %s at %d", operation, at) // a hash does not fail
	return h.Sum32()
}
