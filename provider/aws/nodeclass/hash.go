package nodeclass

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// digest is 64 bits of a hash, in hex.
func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// Hash identifies what instances are launched with now: [Class.Template] and the security
// groups.
func (c *Class) Hash() string { return c.Template + "." + digest(c.GroupIDs()...) }

// HashOf is [Class.Hash] as an instance has it: the template from its tag, and the
// security groups that it is in. An instance in a subnet that the class does not select
// any more has one of its own. Without a template nothing is known: "".
func (c *Class) HashOf(template, subnet string, groups []string) string {
	if template == "" {
		return ""
	}
	groups = slices.Clone(groups)
	slices.Sort(groups)
	h := template + "." + digest(slices.Compact(groups)...)
	if !slices.ContainsFunc(c.Subnets, func(s Subnet) bool { return s.ID == subnet }) {
		h += "." + subnet
	}
	return h
}
