package metlog

import (
	"github.com/mozilla-services/metlog-go/internal/jsontext"
	"github.com/mozilla-services/metlog-go/internal/secret"
)

const redacted = `"` + secret.Hidden + `"`

// appendShown is jsontext.AppendWhole of a JSON string without the secrets in its URLs.
func appendShown(b []byte, quoted string, hide secret.Names) []byte {
	if s := jsontext.Unquote(quoted); len(hide) > 0 {
		if shown := hide.Text(s); shown != s {
			return appendText(b, shown, maxEscaped*len(shown))
		}
	}
	return jsontext.AppendWhole(b, quoted)
}
