// Package wire speaks AWS's protocols from the server's side: it reads requests into
// the input structs of aws-sdk-go-v2 and writes answers from its output structs.
//
//	EC2                     ec2Query: forms in, XML out
//	IAM, STS, Auto Scaling  awsQuery: forms in, XML out
//	SQS                     AWS JSON 1.0, or awsQuery as before November 2023
//	SSM, Pricing            AWS JSON 1.1
//	EKS                     REST-JSON: paths, queries and JSON
//
// It owns the formats and nothing else: it does not know which operations there are,
// what they mean, or who may call them, and it writes no socket. Nothing in it is
// written per operation. The forms and the XML follow the Go structs by reflection,
// with the names from names/ (namegen reads them from the SDK's source); JSON answers
// are written by the SDK's own protocols run backwards.
//
// Requests come from anybody: a request is refused with an [Error], never with a panic,
// and what it may make the server allocate is bounded by its own size.
package wire

//go:generate go run ./namegen
