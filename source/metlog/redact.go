package metlog

import (
	"encoding/json"
	"strings"

	"github.com/mozilla-services/metlog-go/internal/secret"
)

const redacted = `"` + secret.Hidden + `"`

// appendShown is appendWhole of a JSON string without the secrets in its URLs.
func appendShown(b []byte, quoted string, hide secret.Names) []byte {
	if s := unquote(quoted); len(hide) > 0 {
		if shown := hide.Text(s); shown != s {
			return appendText(b, shown, maxEscaped*len(shown))
		}
	}
	return appendWhole(b, quoted)
}

// unquote returns what a JSON string says.
func unquote(quoted string) string {
	s := quoted[1 : len(quoted)-1]
	if strings.IndexByte(s, '\\') >= 0 {
		_ = json.Unmarshal([]byte(quoted), &s) // it is a JSON string
	}
	return s
}
