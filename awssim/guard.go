package awssim

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/awssim/world"
)

// guarded runs an operation with what holds for every one that has the parameters for it:
// a dry run does nothing, and a client token does what it stands for only once.
func guarded(w *world.World, op operation, full string, in any, call *world.Call) (any, error) {
	v := reflect.ValueOf(in).Elem()
	if dry, ok := field[*bool](v, "DryRun"); ok && dry != nil && *dry {
		return nil, &wire.Error{Code: "DryRunOperation", Status: http.StatusPreconditionFailed, Message: "Request would have succeeded, but DryRun flag is set."}
	}
	token, ok := field[*string](v, "ClientToken")
	if !ok {
		token, ok = field[*string](v, "ClientRequestToken") // EKS's name for it
	}
	if !ok || token == nil || *token == "" {
		return op.run(w, call, in)
	}
	if len(*token) > maxToken {
		return nil, wire.Errorf("InvalidParameterValue", "A client token has at most %d characters, not %d", maxToken, len(*token))
	}
	key, request := full+" "+*token, fingerprint(in)
	if used, ok := w.Recall(key); ok {
		if used.Request != request {
			return nil, wire.Errorf("IdempotentParameterMismatch", "The client token %s was used for a request with other parameters", *token)
		}
		return used.Answer, nil
	}
	out, err := op.run(w, call, in)
	if err == nil {
		w.Remember(key, request, out)
	}
	return out, err
}

// maxToken is EC2's bound on client tokens.
const maxToken = 64

// field is a field of an input; false if it has none by that name.
func field[T any](v reflect.Value, name string) (T, bool) {
	f := v.FieldByName(name)
	if !f.IsValid() {
		var none T
		return none, false
	}
	t, ok := f.Interface().(T)
	return t, ok
}

// fingerprint identifies the parameters of a request.
func fingerprint(in any) string {
	text, err := json.Marshal(in)
	if err != nil {
		panic(err) // the inputs that have tokens are plain structs
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
