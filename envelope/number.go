package envelope

import "math"

// parseUint reads a number as it stands in JSON whose value is whole, in whatever notation: 6, 6.0 and 60e-1 are 6. It
// is exact: what is not whole, or beyond 64 bits, is reported as false, and so is text that is no number.
func parseUint(text string) (magnitude uint64, negative, ok bool) {
	b := view(text)
	if len(b) == 0 || (b[0] != '-' && b[0]-'0' > 9) || scanNumber(b, 0) != len(b) {
		return 0, false, false
	}
	i := 0
	if b[0] == '-' {
		negative, i = true, 1
	}
	digits := i
	i = scanDigits(b, i)
	point := i
	if i < len(b) && b[i] == '.' {
		i = scanDigits(b, i+1)
	}
	last := i // the end of all digits
	exponent := int64(0)
	if i < len(b) {
		exponent = parseExponent(b[i+1:])
	}
	// whole is how many digits stand before the decimal point once the exponent has moved it.
	whole := int64(point-digits) + exponent
	n := int64(0)
	for j := digits; j < last; j++ {
		if b[j] == '.' {
			continue
		}
		d := uint64(b[j] - '0')
		if n++; n > whole {
			if d != 0 {
				return 0, negative, false
			}
			continue
		}
		if magnitude > (math.MaxUint64-d)/10 {
			return 0, negative, false
		}
		magnitude = magnitude*10 + d
	}
	for ; n < whole && magnitude != 0; n++ {
		if magnitude > math.MaxUint64/10 {
			return 0, negative, false
		}
		magnitude *= 10
	}
	return magnitude, negative, true
}

// parseExponent reads an exponent's sign and digits. It is clamped: no text is long enough to make up for more.
func parseExponent(b []byte) (exponent int64) {
	negative := b[0] == '-'
	if b[0] == '-' || b[0] == '+' {
		b = b[1:]
	}
	for _, c := range b {
		exponent = min(exponent*10+int64(c-'0'), math.MaxInt32)
	}
	if negative {
		return -exponent
	}
	return exponent
}

// parseInt is parseUint for a signed number.
func parseInt(text string) (int64, bool) {
	magnitude, negative, ok := parseUint(text)
	switch {
	case !ok:
		return 0, false
	case negative && magnitude <= 1<<63:
		return -int64(magnitude), true
	case !negative && magnitude < 1<<63:
		return int64(magnitude), true
	}
	return 0, false
}
