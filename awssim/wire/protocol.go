package wire

import "net/http"

// Protocol is one of AWS's ways to put a call into HTTP.
type Protocol interface {
	// Read finds out what a request asks for. The error is an *Error.
	Read(r *http.Request, body []byte) (Request, error)
	// Answer writes an output struct of the SDK.
	Answer(operation string, out any, requestID string) (Response, error)
	// Refuse writes an error.
	Refuse(e *Error, requestID string) Response
}

// Request is a request whose operation is known.
type Request struct {
	Operation string
	// Decode fills in the operation's input, a pointer to a struct of the SDK. The error
	// is an *Error.
	Decode func(in any) error
}

// Response is what goes back.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// response makes a Response with a content type.
func response(status int, contentType string, body []byte) Response {
	return Response{Status: status, Header: http.Header{"Content-Type": {contentType}}, Body: body}
}
