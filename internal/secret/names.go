// Package secret hides secrets: it says which names have values that are not to be shown, and takes passwords and such
// values out of URLs, forms and texts with URLs in them. What a text says of a secret in its own words nothing here finds.
package secret

import (
	"slices"
	"strings"
)

// Hidden stands where a secret stood.
const Hidden = "[redacted]"

// Names are parts of names, in lower case, whose values are secrets. Those of length 0 hide nothing.
type Names []string

var usual = Names{
	"password", "passwd", "passphrase", "pwd", "secret", "token", "authorization", "cookie", "credential", "key",
}

// With returns the usual parts, and more of any case.
func With(more []string) Names {
	n := slices.Clone(usual)
	for _, part := range more {
		n = append(n, strings.ToLower(part))
	}
	return n
}

// Hides reports whether the value of that name is a secret.
func (n Names) Hides(name string) bool {
	if len(n) == 0 {
		return false
	}
	name = strings.ToLower(name)
	return slices.ContainsFunc(n, func(part string) bool { return strings.Contains(name, part) })
}
