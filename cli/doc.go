// Package cli writes plans for people and for programs: the text and the JSON of
// "ullage plan", and the answers of "ullage explain".
//
// It owns the words and the layout. It refuses to decide anything: what fits, what
// it costs and how good that is stands in the plan; what forbids a pod a place is
// asked of package fit. Equal input gives equal bytes.
//
// Prices are USD per hour, and per month of 730 hours. A price that was estimated,
// because none is published, and a sum that contains one begin with "~".
package cli
