package statsdsink

import (
	"math"
	"strconv"
	"strings"

	"github.com/mozilla-services/metlog-go/envelope"
)

// maxDigits is how long a number may be that goes on the wire as its sender wrote it. A longer one is rounded.
const maxDigits = 40

// appendNumber appends the decimal number that text holds, and reports whether it is one. It is as the sender wrote it,
// where that is how JSON (RFC 8259 section 6) writes numbers, else rewritten.
func appendNumber(buf []byte, text string) ([]byte, bool) {
	text = strings.Trim(text, " \t\r\n")
	value, ok := decimal(text)
	if !ok {
		return buf, false
	}
	if len(text) <= maxDigits && asInJSON(text) {
		return append(buf, text...), true
	}
	return strconv.AppendFloat(buf, value, 'g', -1, 64), true
}

// appendRate appends how the sender has sampled, when it has.
func appendRate(buf []byte, m *envelope.Message) []byte {
	field, ok := m.Field("rate")
	if !ok {
		return buf
	}
	text := strings.Trim(field.String(), " \t\r\n")
	rate, ok := decimal(text)
	if !ok || rate < 1e-6 || rate >= 1 {
		return buf
	}
	buf = append(buf, "|@"...)
	if len(text) <= maxDigits && asInJSON(text) && !strings.ContainsAny(text, "eE") {
		return append(buf, text...)
	}
	// Servers that look for digits and dots alone read 1e-05 as 1.
	return strconv.AppendFloat(buf, rate, 'f', -1, 64)
}

// decimal reads a finite decimal number: no hexadecimal, no underscores, no names of what is no number.
func decimal(text string) (float64, bool) {
	for i := range len(text) {
		if c := text[i]; (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil && !math.IsInf(f, 0)
}

// asInJSON reports whether text, which is a decimal number, is written as JSON writes them: no leading plus or zeros, and
// digits on both sides of the point.
func asInJSON(text string) bool {
	text = strings.TrimPrefix(text, "-")
	digit := func(i int) bool { return i < len(text) && text[i] >= '0' && text[i] <= '9' }
	if !digit(0) || text[0] == '0' && digit(1) {
		return false
	}
	point := strings.IndexByte(text, '.')
	return point < 0 || digit(point+1)
}
