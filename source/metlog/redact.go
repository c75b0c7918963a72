package metlog

import (
	"slices"
	"strings"
)

const redacted = `"[redacted]"`

// A redactor has parts of names, in lower case, whose values are not shown.
type redactor []string

var usuallyRedacted = redactor{
	"password", "passwd", "passphrase", "secret", "token", "authorization", "cookie", "credential", "key",
}

func newRedactor(more []string) redactor {
	r := slices.Clone(usuallyRedacted)
	for _, part := range more {
		r = append(r, strings.ToLower(part))
	}
	return r
}

// hides reports whether the value of that name is a secret.
func (r redactor) hides(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(r, func(part string) bool { return strings.Contains(name, part) })
}
