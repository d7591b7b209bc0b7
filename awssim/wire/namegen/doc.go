// Command namegen reads from the source of the pinned AWS SDK what the members of
// its structs are called on the wire, and writes the tables that package wire
// embeds.
//
//	go generate ./awssim/wire
//
// The SDK's modules for the query protocols (EC2, IAM, STS) carry no schemas at run
// time: the names are in the serializers that were generated for them. Their calls
// all have a handful of forms, and namegen knows those; a member in any other form
// is listed at the end of the table as one that is not known ("? Struct.Member"),
// so that nothing is left out silently.
//
// Only names that do not follow from the member's are written, see wire/names.go.
package main
