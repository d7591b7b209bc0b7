package wire

import (
	"fmt"
	"mime"
	"net/http"
	"reflect"

	"github.com/aws/smithy-go"
)

// query is ec2Query or awsQuery.
type query struct {
	names     *names
	version   string // of the API, a date
	namespace string
}

// EC2 is the protocol of Amazon EC2.
func EC2() Protocol {
	return &query{load("ec2"), "2016-11-15", "http://ec2.amazonaws.com/doc/2016-11-15/"}
}

// AutoScaling is the protocol of EC2 Auto Scaling.
func AutoScaling() Protocol {
	return &query{load("autoscaling"), "2011-01-01", "http://autoscaling.amazonaws.com/doc/2011-01-01/"}
}

// IAM is the protocol of Identity and Access Management.
func IAM() Protocol {
	return &query{load("iam"), "2010-05-08", "https://iam.amazonaws.com/doc/2010-05-08/"}
}

// STS is the protocol of the Security Token Service.
func STS() Protocol {
	return &query{load("sts"), "2011-06-15", "https://sts.amazonaws.com/doc/2011-06-15/"}
}

// SQSQuery is the protocol that SQS had before November 2023, and still takes.
func SQSQuery(operations ...*smithy.OperationSchema) Protocol {
	return &query{namesOf(operations), "2012-11-05", "http://queue.amazonaws.com/doc/2012-11-05/"}
}

// Read finds out the operation from the form's Action.
func (q *query) Read(r *http.Request, body []byte) (Request, error) {
	text := r.URL.RawQuery
	if r.Method == http.MethodPost {
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || kind != "application/x-www-form-urlencoded" {
			return Request{}, Errorf("InvalidRequest", "Content-Type is %q, want application/x-www-form-urlencoded", r.Header.Get("Content-Type"))
		}
		text = string(body)
	} else if r.Method != http.MethodGet {
		return Request{}, &Error{Code: "InvalidAction", Message: "The method is not GET or POST", Status: http.StatusMethodNotAllowed}
	}
	form, err := parseForm(text)
	if err != nil {
		return Request{}, err
	}
	action, version := form.below["Action"], form.below["Version"]
	if action == nil || action.value == "" {
		return Request{}, Errorf("MissingAction", "The request has no parameter Action")
	}
	if version == nil || version.value != q.version {
		return Request{}, Errorf("InvalidAction", "Version is missing or is not %s", q.version)
	}
	delete(form.below, "Action")
	delete(form.below, "Version")
	return Request{action.value, func(in any) error {
		return form.decode(q.names, reflect.ValueOf(in).Elem(), "", member{})
	}}, nil
}

// Answer writes the XML document of a success.
func (q *query) Answer(operation string, out any, requestID string) (Response, error) {
	w := &writer{names: q.names}
	w.begin(operation+"Response", q.namespace)
	if q.names.ec2 {
		w.element("requestId", requestID)
	} else {
		w.open(operation + "Result")
	}
	if err := w.members(reflect.ValueOf(out).Elem()); err != nil {
		return Response{}, fmt.Errorf("%s: %w", operation, err)
	}
	if !q.names.ec2 {
		w.close(operation + "Result")
		w.metadata(requestID)
	}
	w.close(operation + "Response")
	return response(http.StatusOK, "text/xml;charset=UTF-8", w.Bytes()), nil
}

// Refuse writes the XML document of an error.
func (q *query) Refuse(e *Error, requestID string) Response {
	w := &writer{names: q.names}
	if q.names.ec2 {
		w.begin("Response", "")
		w.open("Errors")
		w.open("Error")
	} else {
		w.begin("ErrorResponse", q.namespace)
		w.open("Error")
		w.element("Type", e.fault())
	}
	code := e.Code
	if e.QueryCode != "" {
		code = e.QueryCode
	}
	w.element("Code", code)
	w.element("Message", e.Message)
	w.close("Error")
	if q.names.ec2 {
		w.close("Errors")
		w.element("RequestID", requestID)
		w.close("Response")
	} else {
		w.element("RequestId", requestID)
		w.close("ErrorResponse")
	}
	return response(e.HTTPStatus(), "text/xml;charset=UTF-8", w.Bytes())
}

func (w *writer) begin(root, namespace string) {
	w.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	if namespace == "" {
		w.open(root)
		return
	}
	_, _ = fmt.Fprintf(w, "<%s xmlns=%q>", root, namespace)
}

func (w *writer) metadata(requestID string) {
	w.open("ResponseMetadata")
	w.element("RequestId", requestID)
	w.close("ResponseMetadata")
}
