package jsontext

import (
	"strconv"
	"strings"
)

// AppendWhole appends a JSON string without halves of surrogate pairs and without NUL.
func AppendWhole(b []byte, text string) []byte {
	for {
		i := strings.IndexByte(text, '\\')
		if i < 0 {
			return append(b, text...)
		}
		b = append(b, text[:i]...)
		text = text[i:]
		unit, ok := escape(text)
		switch {
		case !ok:
			b, text = append(b, text[:2]...), text[2:]
		case unit != 0 && (unit < 0xD800 || unit > 0xDFFF):
			b, text = append(b, text[:6]...), text[6:]
		case unit != 0 && unit < 0xDC00 && isLow(text[6:]):
			b, text = append(b, text[:12]...), text[12:]
		default:
			b, text = append(b, "\uFFFD"...), text[6:]
		}
	}
}

func isLow(text string) bool {
	unit, ok := escape(text)
	return ok && unit >= 0xDC00 && unit <= 0xDFFF
}

// escape returns the code unit of the \u that text begins with.
func escape(text string) (unit uint64, ok bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(text[2:6], 16, 32)
	return unit, err == nil
}
