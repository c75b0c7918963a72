package sentrysink

import (
	"math"
	"strconv"
	"strings"

	"github.com/mozilla-services/metlog-go/internal/jsontext"
	"github.com/mozilla-services/metlog-go/internal/secret"
)

const hiddenValue = `"` + secret.Hidden + `"`

// hideable reports whether the name of a member of this kind may say that it is a secret: others have names of their own in
// them, or are no text.
func (k kind) hideable() bool {
	return k == asText || k == asURL || k == asForm || k == asVars || k == asTexts || k == asLines
}

// named appends a member's value, unless its name says that it is a secret.
func (t *tidier) named(b []byte, name, value string) []byte {
	if t.hide.Hides(name) {
		return appendText(b, secret.Hidden)
	}
	return t.any(b, value)
}

// url appends a URL as a JSON string.
func (t *tidier) url(b []byte, s string) []byte {
	if at, query, ok := strings.Cut(s, "?"); ok {
		s = at + "?" + t.hide.Form(query)
	}
	return t.text(b, s)
}

// text appends a text as a JSON string.
func (t *tidier) text(b []byte, s string) []byte { return appendText(b, t.hide.Text(s)) }

// textOf returns what a value says as text, without what the names in it say is secret.
func (t *tidier) textOf(value string) string {
	if len(t.hide) > 0 && (jsontext.Is(value, '{') || jsontext.Is(value, '[')) {
		value = string(t.any(nil, value))
	}
	return textOf(value)
}

// quoted appends a JSON string.
func (t *tidier) quoted(b []byte, text string) []byte {
	if len(t.hide) > 0 {
		s := jsontext.Unquote(text)
		if shown := t.hide.Text(s); shown != s {
			return appendText(b, shown)
		}
	}
	return jsontext.AppendWhole(b, text)
}

// any appends any value. Halves of surrogate pairs and NUL become U+FFFD, numbers beyond a float64 strings, and the values
// of names that are to be hidden go, those in pairs too.
func (t *tidier) any(b []byte, text string) []byte {
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '"':
			end := jsontext.StringEnd(text, i)
			next := jsontext.Past(text, end)
			if next < len(text) && text[next] == ':' {
				b = append(jsontext.AppendWhole(b, text[i:end]), ':')
				hidden := len(t.hide) > 0 && t.hide.Hides(jsontext.Unquote(text[i:end]))
				if i = jsontext.Past(text, next+1); hidden {
					b = appendText(b, secret.Hidden)
					i = jsontext.ValueEnd(text, i)
				}
				continue
			}
			b = t.quoted(b, text[i:end])
			i = end
		case c == '-' || c >= '0' && c <= '9':
			end := jsontext.ValueEnd(text, i)
			b = appendNumber(b, text[i:end])
			i = end
		case c == '[' && len(t.hide) > 0:
			b = append(b, c)
			i++
			if name, end := pair(text, i); end > 0 && t.hide.Hides(jsontext.Unquote(name)) {
				b = append(append(jsontext.AppendWhole(b, name), ','), hiddenValue...)
				i = end
			}
		default:
			b = append(b, c)
			i++
		}
	}
	return b
}

// pair returns the first of two elements of an array, a string, and where the second ends, as of the items of a Python
// dictionary; 0 if the array whose elements begin at i has others.
func pair(text string, i int) (name string, end int) {
	start := jsontext.Past(text, i)
	if text[start] != '"' {
		return "", 0
	}
	end = jsontext.StringEnd(text, start)
	name = text[start:end]
	if end = jsontext.Past(text, end); text[end] != ',' {
		return "", 0
	}
	end = jsontext.ValueEnd(text, jsontext.Past(text, end+1))
	if text[jsontext.Past(text, end)] != ']' {
		return "", 0
	}
	return name, end
}

func appendNumber(b []byte, text string) []byte {
	if len(text) > 15 || strings.ContainsAny(text, "eE") {
		if f, err := strconv.ParseFloat(text, 64); err != nil || math.IsInf(f, 0) {
			return appendText(b, text)
		}
	}
	return append(b, text...)
}
