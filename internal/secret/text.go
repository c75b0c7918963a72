package secret

import (
	"net/url"
	"strings"
)

// Text returns s without the secrets in its URLs: passwords, and the values of parameters whose names n hides.
func (n Names) Text(s string) string {
	if len(n) == 0 {
		return s
	}
	return n.hideParameters(hidePasswords(s))
}

// Form returns s, which is pairs of name=value as in the query of a URL or the body of a form, without the values that n
// hides, whatever is in them, and without what Text hides.
func (n Names) Form(s string) string {
	s = n.Text(s)
	if len(n) == 0 || strings.IndexByte(s, '=') < 0 {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		pair := upTo(s, "&;")
		if name, _, ok := strings.Cut(pair, "="); ok && n.hidesEscaped(name) {
			b.WriteString(name + "=" + Hidden)
		} else {
			b.WriteString(pair)
		}
		if s = s[len(pair):]; s != "" {
			b.WriteByte(s[0])
			s = s[1:]
		}
	}
	return b.String()
}

// endsURL are the bytes where a URL in a text ends.
const endsURL = "\"'`<> \t\r\n"

// upTo returns the beginning of s that has none of ends.
func upTo(s, ends string) string {
	if i := strings.IndexAny(s, ends); i >= 0 {
		return s[:i]
	}
	return s
}

// hideParameters returns s without the values of parameters, as those of a query, a fragment or a part of a path, whose
// names n hides.
func (n Names) hideParameters(s string) string {
	const ends = "&?#" + endsURL
	if strings.IndexByte(s, '=') < 0 {
		return s
	}
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
		if s[value-1] != '=' || !n.hidesEscaped(name) {
			continue
		}
		b.WriteString(s[done:value])
		b.WriteString(Hidden)
		done = value + len(upTo(s[value:], ends))
		i = done - 1
	}
	if done == 0 {
		return s
	}
	return b.String() + s[done:]
}

// hidesEscaped is Hides of a name as it stands in a URL.
func (n Names) hidesEscaped(name string) bool {
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	return n.Hides(name)
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
			b.WriteString(Hidden)
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
