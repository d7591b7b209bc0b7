package wire

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/traits"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"
	"github.com/aws/smithy-go/transport/http/protocol/restjson1"
)

// rpc is AWS JSON 1.0 or 1.1: the operation is in a header, all else in the body.
type rpc struct {
	target      string // X-Amz-Target without the operation
	contentType string
	backwards   smithyhttp.ClientProtocol
}

// JSON10 is AWS JSON 1.0 for the service of a schema.
func JSON10(service *smithy.ServiceSchema) Protocol {
	return &rpc{service.ID().Name, "application/x-amz-json-1.0", awsjson.New10(service)}
}

// JSON11 is AWS JSON 1.1 for the service of a schema.
func JSON11(service *smithy.ServiceSchema) Protocol {
	return &rpc{service.ID().Name, "application/x-amz-json-1.1", awsjson.New11(service)}
}

// Read finds out the operation from the header X-Amz-Target.
func (p *rpc) Read(r *http.Request, body []byte) (Request, error) {
	if r.Method != http.MethodPost {
		return Request{}, &Error{Code: "UnknownOperationException", Message: "The method is not POST", Status: http.StatusMethodNotAllowed}
	}
	service, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if !ok || service != p.target || operation == "" {
		return Request{}, Errorf("UnknownOperationException", "X-Amz-Target is not %s.Operation", p.target)
	}
	object, err := parseJSON(body)
	if err != nil {
		return Request{}, err
	}
	return Request{operation, func(in any) error { return assign(reflect.ValueOf(in).Elem(), object, "") }}, nil
}

// Answer writes a success.
func (p *rpc) Answer(operation string, out any, _ string) (Response, error) {
	body, err := backwards(p.backwards, operation, out)
	return response(http.StatusOK, p.contentType, body), err
}

// Refuse writes an error.
func (p *rpc) Refuse(e *Error, _ string) Response {
	r := response(e.HTTPStatus(), p.contentType, failure(e, "__type"))
	if e.QueryCode != "" {
		r.Header.Set("X-Amzn-Query-Error", e.QueryCode+";"+e.fault())
	}
	return r
}

// failure is the body of an error; typed is the member with its code.
func failure(e *Error, typed string) []byte {
	body, err := json.Marshal(map[string]string{typed: e.Code, "message": e.Message})
	if err != nil {
		panic(err) // strings always marshal
	}
	return body
}

// answer is the schema under which an output is serialized as if it were a request that
// is posted to /.
func answer(operation string) *smithy.OperationSchema {
	op := smithy.NewSchema(smithy.ShapeID{Name: operation}, smithy.ShapeTypeOperation, 0, &traits.HTTP{Method: http.MethodPost, URI: "/", Code: http.StatusOK})
	return smithy.NewOperationSchema(op, op, nil)
}

// backwards lets a client's protocol write an answer: what it would send as a request is
// what its counterpart reads as a response.
func backwards(p smithyhttp.ClientProtocol, operation string, out any) ([]byte, error) {
	value, ok := out.(smithy.Serializable)
	if !ok {
		return nil, fmt.Errorf("wire: %s: %T does not describe itself", operation, out)
	}
	req := smithyhttp.NewStackRequest().(*smithyhttp.Request)
	if err := p.SerializeRequest(context.Background(), answer(operation), value, req); err != nil {
		return nil, fmt.Errorf("wire: %s: %w", operation, err)
	}
	stream := req.GetStream()
	if stream == nil {
		return []byte("{}"), nil
	}
	return io.ReadAll(stream)
}

// restJSON is REST-JSON: the operation follows from method and path.
type restJSON struct {
	routes    []route
	backwards smithyhttp.ClientProtocol
}

// RESTJSON is the protocol of a service whose operations have these schemas, with their
// inputs.
func RESTJSON(service *smithy.ServiceSchema, operations ...*smithy.OperationSchema) Protocol {
	p := &restJSON{backwards: restjson1.New(service)}
	for _, op := range operations {
		p.routes = append(p.routes, newRoute(op))
	}
	return p
}

// Answer writes a success.
func (p *restJSON) Answer(operation string, out any, _ string) (Response, error) {
	body, err := backwards(p.backwards, operation, out)
	return response(http.StatusOK, "application/json", body), err
}

// Refuse writes an error.
func (p *restJSON) Refuse(e *Error, _ string) Response {
	r := response(e.HTTPStatus(), "application/json", failure(e, "code"))
	r.Header.Set("X-Amzn-Errortype", e.Code)
	return r
}
