package ec2

import (
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ullage-sh/ullage/awssim/wire"
)

// bounds of MaxResults, and how many there are on a page without it.
type bounds struct{ least, most, usual int32 }

// page returns a page of the results and the token of the next one, nil for the last.
//
// A token says where to go on, and for what operation: it is opaque, and one that was
// made up or is another operation's is refused.
func page[T any](operation string, all []T, size *int32, token *string, b bounds) ([]T, *string, error) {
	n := b.usual
	if size != nil {
		if n = *size; n < b.least || n > b.most {
			return nil, nil, wire.Errorf("InvalidParameterValue", "Value ( %d ) for parameter maxResults is invalid. Expecting a value between %d and %d", n, b.least, b.most)
		}
	}
	begin := 0
	if aws.ToString(token) != "" {
		var ok bool
		if begin, ok = openToken(operation, *token); !ok || begin > len(all) {
			return nil, nil, wire.Errorf("InvalidNextToken", "The NextToken is not valid for %s", operation)
		}
	}
	end := min(begin+int(n), len(all))
	if end == len(all) {
		return all[begin:], nil, nil
	}
	return all[begin:end], aws.String(makeToken(operation, end)), nil
}

func makeToken(operation string, at int) string {
	return base64.URLEncoding.EncodeToString(fmt.Appendf(nil, "%d/%08x", at, tokenSum(operation, at)))
}

func openToken(operation, token string) (at int, ok bool) {
	text, err := base64.URLEncoding.DecodeString(token)
	if err != nil {
		return 0, false
	}
	number, _, _ := strings.Cut(string(text), "/")
	at, err = strconv.Atoi(number)
	return at, err == nil && at >= 0 && makeToken(operation, at) == token
}

// tokenSum ties a token to its operation. It keeps mistakes out, not attackers: there is
// nothing that they could get by it.
func tokenSum(operation string, at int) uint32 {
	h := fnv.New32a()
	_, _ = fmt.Fprintf(h, "page of %s at %d", operation, at) // a hash does not fail
	return h.Sum32()
}
