package route

import (
	"cmp"
	"strings"
)

// A number is a JSON number as its digits, so that numbers of any size and precision compare by value, exactly, and
// nothing is allocated or rounded. It is sign * 0.digits * 10^exponent.
type number struct {
	sign     int8   // -1, 0 or 1
	exponent int64  // saturates far beyond what any envelope's digits can make up for
	digits   string // the first is not 0; a decimal point within counts for nothing
}

const maxExponent = 1 << 40

// parseNumber reads text that is exactly one JSON number.
func parseNumber(text string) (number, bool) {
	n, length := scanNumber(text)
	return n, length > 0 && length == len(text)
}

// scanNumber reads the JSON number that text begins with and returns its length, 0 when there is none.
func scanNumber(text string) (n number, length int) {
	n.sign = 1
	i := 0
	if strings.HasPrefix(text, "-") {
		n.sign = -1
		i = 1
	}
	start := i
	i = digitsEnd(text, i)
	if i == start || text[start] == '0' && i > start+1 {
		return number{}, 0
	}
	point := i
	if i < len(text) && text[i] == '.' {
		i = digitsEnd(text, i+1)
		if i == point+1 {
			return number{}, 0
		}
	}
	end := i
	exponent, i, ok := scanExponent(text, i)
	if !ok {
		return number{}, 0
	}
	first := start
	for first < end && (text[first] == '0' || text[first] == '.') {
		first++
	}
	if first == end {
		return number{}, i
	}
	n.digits = text[first:end]
	n.exponent = exponent + int64(point-first)
	if first > point {
		n.exponent++ // the point itself is no digit
	}
	return n, i
}

func scanExponent(text string, i int) (exponent int64, end int, ok bool) {
	if i == len(text) || text[i] != 'e' && text[i] != 'E' {
		return 0, i, true
	}
	i++
	negative := i < len(text) && text[i] == '-'
	if i < len(text) && (text[i] == '-' || text[i] == '+') {
		i++
	}
	end = digitsEnd(text, i)
	for _, c := range []byte(text[i:end]) {
		exponent = min(exponent*10+int64(c-'0'), maxExponent)
	}
	if negative {
		exponent = -exponent
	}
	return exponent, end, end > i
}

func digitsEnd(text string, i int) int {
	for i < len(text) && '0' <= text[i] && text[i] <= '9' {
		i++
	}
	return i
}

// compare returns -1, 0 or 1 as n is less than, equal to or greater than o.
func (n *number) compare(o *number) int {
	if n.sign != o.sign || n.sign == 0 {
		return cmp.Compare(n.sign, o.sign)
	}
	size := cmp.Compare(n.exponent, o.exponent)
	if size == 0 {
		size = compareDigits(n.digits, o.digits)
	}
	return size * int(n.sign)
}

func compareDigits(a, b string) int {
	for i, j := 0, 0; i < len(a) || j < len(b); i, j = i+1, j+1 {
		if i < len(a) && a[i] == '.' {
			i++
		}
		if j < len(b) && b[j] == '.' {
			j++
		}
		x, y := byte('0'), byte('0')
		if i < len(a) {
			x = a[i]
		}
		if j < len(b) {
			y = b[j]
		}
		if x != y {
			return cmp.Compare(x, y)
		}
	}
	return 0
}
