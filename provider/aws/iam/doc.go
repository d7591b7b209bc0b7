// Package iam knows what the operator has to be allowed in an AWS account, and no more:
// one table of the operations that the provider calls, with what each needs, and the
// policy that follows from it.
//
// It owns the table ([Calls]), the policy ([Scope.Policy]) and as much of IAM's rules as
// that policy uses ([Document.Allows]), so that a test can hold a run of the provider
// against it, request by request. It calls nothing itself.
package iam
