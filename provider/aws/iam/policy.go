package iam

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Scope is what a policy is for.
type Scope struct {
	// Partition is aws, aws-cn or aws-us-gov; "" means aws.
	Partition string
	// Region, Account (twelve digits) and name of the cluster.
	Region, Account, Cluster string
	// Queue is the name of the queue for interruptions, "" for none.
	Queue string
	// Roles of nodes, by name with their path if they have one: what EC2NodeClasses have
	// as their role, and the roles of the instance profiles that they name.
	Roles []string
	// Parameters of the account that name images, by name; AWS's own need not be listed.
	Parameters []string
}

// Document is a policy as IAM reads it.
type Document struct {
	Version   string
	Statement []Statement
}

// Statement allows actions on resources under a condition: values by key by operator.
type Statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string][]string `json:",omitempty"`
}

var (
	account = regexp.MustCompile(`^[0-9]{12}$`)
	// named are the characters of names, none of which means anything in a policy.
	named = regexp.MustCompile(`^[A-Za-z0-9_.+=,@/-]+$`)
)

// Policy is what the operator has to be allowed.
func (s Scope) Policy() (Document, error) {
	if s.Partition == "" {
		s.Partition = "aws"
	}
	switch {
	case !account.MatchString(s.Account):
		return Document{}, fmt.Errorf("policy: account %q: want its number, of twelve digits", s.Account)
	case len(s.Roles) == 0:
		return Document{}, fmt.Errorf("policy: no role of nodes: without one no instance can be launched")
	}
	names := append([]string{s.Partition, s.Region, s.Cluster}, s.Roles...)
	if names = append(names, s.Parameters...); s.Queue != "" {
		names = append(names, s.Queue)
	}
	for _, n := range names {
		if !named.MatchString(n) {
			return Document{}, fmt.Errorf("policy: %q is no name of a partition, region, cluster, role, parameter or queue", n)
		}
	}
	d := Document{Version: "2012-10-17"}
	for _, g := range groups {
		st := Statement{Sid: g.sid, Effect: "Allow", Resource: g.on(s), Condition: g.condition(s)}
		for _, o := range operations {
			for _, n := range o.needs {
				if n.group == g.sid {
					st.Action = append(st.Action, n.action)
				}
			}
		}
		if len(st.Resource) == 0 {
			continue // there is no queue
		}
		slices.Sort(st.Action)
		st.Action = slices.Compact(st.Action)
		d.Statement = append(d.Statement, st)
	}
	return d, nil
}

// String is the policy as JSON.
func (d Document) String() string {
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		panic(err) // strings
	}
	return string(text) + "\n"
}

// Request is one thing that IAM decides about: an action on a resource, with the values
// of condition keys. A call of AWS is several: a launch is on an image, a subnet and so on.
type Request struct {
	Action, Resource string
	Context          map[string]string
}

// Allows tells whether the policy allows a request.
func (d Document) Allows(q Request) bool {
	return slices.ContainsFunc(d.Statement, func(s Statement) bool {
		return slices.Contains(s.Action, q.Action) && slices.ContainsFunc(s.Resource, func(p string) bool { return like(p, q.Resource) }) && s.holds(q.Context)
	})
}

// holds tells whether the condition is met: a key that the request does not have never is.
func (s Statement) holds(context map[string]string) bool {
	for _, operator := range slices.Sorted(maps.Keys(s.Condition)) {
		for key, values := range s.Condition[operator] {
			got, ok := context[key]
			if operator != "StringEquals" || !ok || !slices.Contains(values, got) {
				return false
			}
		}
	}
	return true
}

// like matches a resource with a pattern, in which * is any text.
func like(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	for i, p := range parts {
		parts[i] = regexp.QuoteMeta(p)
	}
	return regexp.MustCompile("^(?s:" + strings.Join(parts, ".*") + ")$").MatchString(text)
}
