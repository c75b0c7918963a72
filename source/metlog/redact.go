package metlog

import (
	"encoding/json"
	"net/url"
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

// text returns s without the secrets in its URLs: passwords, and the values of parameters whose names r hides.
func (r redactor) text(s string) string { return r.hideParameters(hidePasswords(s)) }

// endsURL are the bytes where a URL in a text ends.
const endsURL = "\"'`<> \t\r\n"

// upTo returns the beginning of s that has none of ends.
func upTo(s, ends string) string {
	if i := strings.IndexAny(s, ends); i >= 0 {
		return s[:i]
	}
	return s
}

// hideParameters returns s without the values of parameters, as those of a query, a fragment or a part of a path, whose names
// r hides.
func (r redactor) hideParameters(s string) string {
	const ends = "&?#" + endsURL
	var b strings.Builder
	done := 0
	for i := 0; i < len(s); i++ {
		if c := s[i]; c != '?' && c != '&' && c != '#' && c != ';' {
			continue
		}
		name := upTo(s[i+1:], "=;"+ends)
		value := i + 1 + len(name) + 1
		if value > len(s) {
			break
		}
		if s[value-1] != '=' || !r.hidesEscaped(name) {
			continue
		}
		b.WriteString(s[done:value])
		b.WriteString("[redacted]")
		done = value + len(upTo(s[value:], ends))
		i = done - 1
	}
	if done == 0 {
		return s
	}
	return b.String() + s[done:]
}

// hidesEscaped is hides of a name as it stands in a URL.
func (r redactor) hidesEscaped(name string) bool {
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	return r.hides(name)
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
		authority := upTo(s[i:], "/?#"+endsURL)
		colon, at := strings.IndexByte(authority, ':'), strings.LastIndexByte(authority, '@')
		if at < 0 && colon >= 0 && authority[0] != '[' && !isNumber(authority[colon+1:]) {
			// No port: a password with one of /?# in it. That is no URL, which is why an error tells of it.
			rest := upTo(s[i:], endsURL)
			if at = strings.LastIndexByte(rest, '@'); at < 0 {
				i += len(rest)
			}
		}
		if colon >= 0 && colon < at {
			b.WriteString(s[done : i+colon+1])
			b.WriteString("[redacted]")
			done = i + at
			i = done
		}
	}
	if done == 0 {
		return s
	}
	return b.String() + s[done:]
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// appendString is appendWhole of a JSON string without the secrets in its URLs.
func (r redactor) appendString(b []byte, quoted string) []byte {
	if len(r) > 0 && strings.ContainsAny(quoted, `/?&#\`) {
		s := quoted[1 : len(quoted)-1]
		if strings.IndexByte(s, '\\') >= 0 {
			_ = json.Unmarshal([]byte(quoted), &s) // it is a JSON string
		}
		if shown := r.text(s); shown != s {
			return appendText(b, shown, maxEscaped*len(shown))
		}
	}
	return appendWhole(b, quoted)
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
