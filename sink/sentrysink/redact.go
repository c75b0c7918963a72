package sentrysink

import (
	"slices"
	"strings"
)

const redacted = "[redacted]"

// A redactor has parts of names, in lower case, whose values are not shown. One without parts shows everything.
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

// hides reports whether the value of that name is a secret.
func (r redactor) hides(name string) bool {
	if len(r) == 0 {
		return false
	}
	name = strings.ToLower(name)
	return slices.ContainsFunc(r, func(part string) bool { return strings.Contains(name, part) })
}

// text returns s without the passwords of its URLs.
func (r redactor) text(s string) string {
	if len(r) == 0 || !strings.Contains(s, "://") {
		return s
	}
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
			b.WriteString(redacted)
			done = i + at
		}
	}
	return b.String() + s[done:]
}

// form returns s, pairs of name=value between ampersands as in a query, without the values of the names it hides.
func (r redactor) form(s string) string {
	s = r.text(s)
	if len(r) == 0 || !strings.Contains(s, "=") {
		return s
	}
	pairs := strings.FieldsFunc(s, func(c rune) bool { return c == '&' || c == ';' })
	for i, pair := range pairs {
		if name, _, ok := strings.Cut(pair, "="); ok && r.hides(name) {
			pairs[i] = name + "=" + redacted
		}
	}
	return strings.Join(pairs, "&")
}

// url is form for the query of a URL.
func (r redactor) url(s string) string {
	s = r.text(s)
	if at, query, ok := strings.Cut(s, "?"); ok {
		return at + "?" + r.form(query)
	}
	return s
}
