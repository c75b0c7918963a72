package envelope

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

const (
	reasonUnindexable Reason = "text too large to be indexed"
	reasonZero        Reason = "zero Message"
	reasonFieldsType  Reason = "fields is no object"
)

// appendJSONObject appends one JSON object that somebody else encoded.
func appendJSONObject(b, object []byte) ([]byte, error) {
	trimmed := bytes.Trim(object, " \t\r\n")
	switch {
	case len(trimmed) == 0 || trimmed[0] != '{':
		return b, &SyntaxError{Offset: len(object) - len(bytes.TrimLeft(object, " \t\r\n")), Reason: reasonFieldsType}
	case !json.Valid(trimmed) || !utf8.Valid(trimmed):
		return b, &SyntaxError{Reason: "invalid JSON"}
	case fieldsDepth-1+nesting(trimmed) > deepest:
		return b, &SyntaxError{Reason: "nested too deep"}
	}
	quoted := false
	for i := 0; i < len(trimmed); i++ {
		switch c := trimmed[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\':
			b = append(b, c)
			i++
		case !quoted && c < ' ':
			continue
		}
		b = append(b, trimmed[i])
	}
	return b, nil
}
