package wire

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// filler makes random values of the SDK's types.
type filler struct{ *rand.Rand }

// letters has what XML, JSON, forms and paths have to escape.
var letters = []rune("abcXYZ019-_.:/+ &<>\"'=%?#é日\u00a0😀")

func (f filler) text() string {
	out := make([]rune, 1+f.IntN(8))
	for i := range out {
		out[i] = letters[f.IntN(len(letters))]
	}
	return "v" + string(out) + "v" // no blanks at the ends: clients trim them in labels of paths
}

// fill sets v to something random. Every pointer leads somewhere, so that no member goes
// untested, except where a struct of the types in above would contain itself.
func (f filler) fill(v reflect.Value, above ...reflect.Type) {
	switch v.Type() {
	case reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(f.Int64N(4e9), 0).UTC()))
		return
	case reflect.TypeFor[[]byte]():
		v.SetBytes([]byte(f.text()))
		return
	case metadata:
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !slices.Contains(above, v.Type().Elem()) {
			v.Set(reflect.New(v.Type().Elem()))
			f.fill(v.Elem(), above...)
		}
	case reflect.Struct:
		above = append(slices.Clone(above), v.Type())
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				f.fill(v.Field(i), above...)
			}
		}
	case reflect.Slice:
		if slices.Contains(above, v.Type().Elem()) {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1+f.IntN(2), 2))
		for i := range v.Len() {
			f.fill(v.Index(i), above...)
		}
		// Lists in the query of a URL have no order: clients sort them.
		if list, ok := v.Interface().([]string); ok {
			slices.Sort(list)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		f.fill(key, above...)
		f.fill(value, above...)
		v.SetMapIndex(key, value)
	case reflect.String:
		v.SetString(f.text())
	case reflect.Bool:
		v.SetBool(f.IntN(2) == 0)
	case reflect.Int32, reflect.Int64:
		v.SetInt(f.Int64N(1 << 31))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(f.IntN(1<<20)) / 1024)
	}
}

// notServed lists the operations that cannot be read or answered yet, with the error
// that says why. Nothing here serves them: their members are of kinds (maps in query
// protocols, unions in JSON) that none of the operations that compute needs have.
var notServed = map[string]string{
	"iam AcquireRole":             "ReplacementValues has no members",
	"iam GetAccountProperties":    "Properties is a map[string]string",
	"iam GetAccountSummary":       "SummaryMap is a map[string]int32",
	"iam GetMFADevice":            "Certifications is a map[string]string",
	"iam PutAccountProperties":    "Properties has no members",
	"iam SimulateCustomPolicy":    "EvalDecisionDetails is a map",
	"iam SimulatePrincipalPolicy": "EvalDecisionDetails is a map",
	"ssm CreateCloudConnector":    "CreateCloudConnectorInput.Configuration",

	// Two of its members have one name there; TestFormerReceive has it with one of them.
	"sqs before 2023 ReceiveMessage": "AttributeName.1 is there twice",
}

// TestRoundTrip sends a random input through the SDK's client to the codec and a random
// output back, for every operation of every service that the SDK is linked for.
func TestRoundTrip(t *testing.T) {
	for _, s := range append(allServices(), formerSQS()) {
		t.Run(s.name, func(t *testing.T) {
			tap := &wireTap{}
			checked := 0
			for _, op := range operations(t, s.client(tap)) {
				if !s.served(op.name) {
					continue
				}
				var err error
				for seed := range uint64(2) {
					err = errors.Join(err, roundTrip(s, tap, op, filler{rand.New(rand.NewPCG(seed, uint64(len(op.name))))}))
				}
				switch reason := notServed[s.name+" "+op.name]; {
				case reason == "" && err != nil:
					t.Errorf("%s: %v", op.name, err)
				case reason != "" && (err == nil || !strings.Contains(err.Error(), reason)):
					t.Errorf("%s is listed as not served because of %q, but got %v", op.name, reason, err)
				}
				checked++
			}
			t.Logf("%s: %d operations", s.name, checked)
		})
	}
}

// TestFormerReceive does the same for the operation of SQS whose random inputs its former
// protocol cannot say.
func TestFormerReceive(t *testing.T) {
	s, tap := formerSQS(), &wireTap{}
	ops := operations(t, s.client(tap))
	op := ops[slices.IndexFunc(ops, func(o operation) bool { return o.name == "ReceiveMessage" })]
	f := filler{rand.New(rand.NewPCG(1, 1))}
	sent := reflect.New(op.input)
	f.fill(sent.Elem())
	sent.Elem().FieldByName("AttributeNames").SetZero()
	if err := roundTripOf(s, tap, op, sent, f); err != nil {
		t.Error(err)
	}
}

func roundTrip(s service, tap *wireTap, op operation, f filler) error {
	sent := reflect.New(op.input)
	f.fill(sent.Elem())
	return roundTripOf(s, tap, op, sent, f)
}

func roundTripOf(s service, tap *wireTap, op operation, sent reflect.Value, f filler) error {
	answered := reflect.New(op.output)
	f.fill(answered.Elem())
	heard := reflect.New(op.input)
	tap.answer = func(r *http.Request, body []byte) (Response, error) {
		req, err := s.protocol.Read(r, body)
		if err != nil {
			return Response{}, err
		}
		if req.Operation != op.name {
			return Response{}, fmt.Errorf("read as %s", req.Operation)
		}
		if err := req.Decode(heard.Interface()); err != nil {
			return Response{}, fmt.Errorf("decode: %w", err)
		}
		return s.protocol.Answer(req.Operation, answered.Interface(), "request")
	}
	got, err := op.do(sent)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(sent.Interface(), heard.Interface()) {
		return fmt.Errorf("the client sent\n%s\nand the server got\n%s", show(sent.Interface()), show(heard.Interface()))
	}
	if !reflect.DeepEqual(withoutMetadata(got), answered.Interface()) {
		return fmt.Errorf("the server answered\n%s\nand the client got\n%s", show(answered.Interface()), show(got))
	}
	return nil
}

// TestErrors checks that the SDK's clients get code, message and fault of every kind of
// error.
func TestErrors(t *testing.T) {
	for _, s := range append(allServices(), formerSQS()) {
		tap := &wireTap{}
		op := operations(t, s.client(tap))
		i := slices.IndexFunc(op, func(o operation) bool { return s.served(o.name) })
		in := reflect.New(op[i].input)
		filler{rand.New(rand.NewPCG(1, 1))}.fill(in.Elem())
		for _, want := range []*Error{Errorf("SomeCode", "a <message> & more"), {Code: "InternalFailure", Message: "ours", Status: 500}} {
			tap.answer = func(*http.Request, []byte) (Response, error) { return s.protocol.Refuse(want, "request"), nil }
			_, err := op[i].do(in)
			if err == nil || !strings.Contains(err.Error(), want.Error()) || !strings.Contains(err.Error(), fmt.Sprintf("StatusCode: %d", want.HTTPStatus())) {
				t.Errorf("%s: got %v, want %v", s.name, err, want)
			}
		}
	}
}
