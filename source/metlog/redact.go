package metlog

import (
	"encoding/json"
	"slices"
	"strings"
)

const redacted = `"[redacted]"`

// A redactor has parts of names, in lower case, whose values are not shown.
type redactor []string

var usuallyRedacted = redactor{
	"password", "passwd", "passphrase", "pwd", "secret", "token", "authorization", "cookie", "credential", "key",
}

func newRedactor(more []string) redactor {
	r := slices.Clone(usuallyRedacted)
	for _, part := range more {
		r = append(r, strings.ToLower(part))
	}
	return r
}

// hidePasswords returns s without the passwords in its URLs.
func hidePasswords(s string) string {
	var b strings.Builder
	done, i := 0, 0
	for {
		n := strings.Index(s[i:], "://")
		if n < 0 {
			break
		}
		i += n + len("://")
		authority := s[i:]
		if end := strings.IndexAny(authority, "/?#\"'`<> \t\r\n"); end >= 0 {
			authority = authority[:end]
		}
		colon, at := strings.IndexByte(authority, ':'), strings.LastIndexByte(authority, '@')
		if colon >= 0 && colon < at {
			b.WriteString(s[done : i+colon+1])
			b.WriteString("[redacted]")
			done = i + at
		}
	}
	if done == 0 {
		return s
	}
	return b.String() + s[done:]
}

// hidesQuoted is hides of a name as it stands in JSON.
func (r redactor) hidesQuoted(name string) bool {
	if strings.IndexByte(name, '\\') >= 0 {
		_ = json.Unmarshal([]byte(name), &name) // it is a JSON string
	}
	return r.hides(name)
}

// hides reports whether the value of that name is a secret.
func (r redactor) hides(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(r, func(part string) bool { return strings.Contains(name, part) })
}
