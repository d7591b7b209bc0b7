package wire

import (
	"errors"
	"fmt"
	"net/http"
)

// Error is an answer that is no success, as AWS's clients tell them apart: by code.
type Error struct {
	// Code is AWS's name for what is wrong: InsufficientInstanceCapacity.
	Code    string
	Message string
	// Status of HTTP; 0 means 400. 500 and above are the server's fault.
	Status int
	// QueryCode is what JSON services call the error that had another name when they
	// spoke a query protocol (SQS); "" where there is none.
	QueryCode string
}

// Error is the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf makes an error that is the caller's fault.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// HTTPStatus is the status code to answer with.
func (e *Error) HTTPStatus() int {
	if e.Status == 0 {
		return http.StatusBadRequest
	}
	return e.Status
}

// AsError is an error in the form of the protocols; what is no *Error is the server's
// fault.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: "InternalFailure", Status: http.StatusInternalServerError, Message: err.Error()}
}

// fault says whose fault it is, in awsQuery's words.
func (e *Error) fault() string {
	if e.HTTPStatus() >= http.StatusInternalServerError {
		return "Receiver"
	}
	return "Sender"
}
