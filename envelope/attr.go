package envelope

import (
	"log/slog"
	"math"
	"strconv"
)

const (
	fieldsDepth = 2  // of the fields object, the envelope's own being 1
	maxPairs    = 32 // attributes that are compared pair by pair

	maxMillis = 1e12 // below it a thousandth is within 15 digits
)

// appendObject appends attrs as a JSON object, which is the depth-th in the envelope. It reports whether something in it was
// replaced: what is not UTF-8, or a number that JSON has not.
func appendObject(b []byte, attrs []slog.Attr, depth int) (out []byte, replaced bool) {
	start := len(b)
	b = append(b, '{')
	b, doubt, replaced := appendAttrs(b, attrs, depth)
	b = append(b, '}')
	if doubt {
		b = dropTwins(b, start)
	}
	return b, replaced
}

// appendAttrs appends attrs as members of an object that is open. It reports whether a name may stand twice in it, and
// whether something was replaced.
func appendAttrs(b []byte, attrs []slog.Attr, depth int) (out []byte, doubt, replaced bool) {
	doubt = len(attrs) > maxPairs
	for i := range attrs {
		key, v := attrs[i].Key, attrs[i].Value
		if key == "" {
			if v = resolve(v); v.Kind() == slog.KindGroup && depth < maxDepth {
				var inlined bool
				b, _, inlined = appendAttrs(b, v.Group(), depth+1) // or a LogValuer that returns itself would never end
				doubt, replaced = true, replaced || inlined
				continue
			}
			if v.Kind() == slog.KindAny && v.Any() == nil {
				continue
			}
		}
		for j := 0; j < i && !doubt; j++ {
			doubt = attrs[j].Key == key
		}
		before := len(b)
		if b[before-1] != '{' {
			b = append(b, ',')
		}
		b = append(b, '"')
		if n := plain(key); n == len(key) {
			b = append(b, key...)
		} else {
			var invalid bool
			b, _, invalid = appendText(b, key, n)
			doubt, replaced = doubt || invalid, replaced || invalid
		}
		b = append(b, '"', ':')
		var ok, other bool
		if b, ok, other = appendValue(b, v, depth+1); !ok {
			b = b[:before]
		}
		replaced = replaced || other
	}
	return b, doubt, replaced
}

// appendValue appends v as JSON; an object in it would be the depth-th in the envelope. False means that v is a group of
// nothing, which is not written. Replaced is as in appendObject.
func appendValue(b []byte, v slog.Value, depth int) (out []byte, ok, replaced bool) {
	switch v.Kind() {
	case slog.KindString:
		b, _, replaced = appendString(b, v.String())
	case slog.KindInt64:
		b = appendInt(b, v.Int64())
	case slog.KindUint64:
		b = strconv.AppendUint(b, v.Uint64(), 10)
	case slog.KindFloat64:
		f := v.Float64()
		b = appendFloat(b, f)
		replaced = f-f != 0 // NaN or infinite
	case slog.KindBool:
		b = strconv.AppendBool(b, v.Bool())
	case slog.KindDuration:
		b = appendInt(b, int64(v.Duration()))
	case slog.KindTime:
		b = appendTime(b, v.Time())
	case slog.KindLogValuer:
		return appendValue(b, resolve(v), depth)
	case slog.KindGroup:
		return appendGroup(b, v.Group(), depth)
	default:
		b = appendAny(b, v.Any(), depth)
	}
	return b, true, replaced
}

func appendGroup(b []byte, attrs []slog.Attr, depth int) (out []byte, ok, replaced bool) {
	if len(attrs) == 0 {
		return b, false, false
	}
	if depth > maxDepth {
		b, _, _ = appendString(b, tooDeep)
		return b, true, false
	}
	start := len(b)
	b, replaced = appendObject(b, attrs, depth)
	return b, len(b) > start+len("{}"), replaced
}

// appendInt is strconv.AppendInt, which copies the digits once more, but for the numbers that are met most.
func appendInt(b []byte, n int64) []byte {
	switch {
	case n < 0 || n > 999:
		return strconv.AppendInt(b, n, 10)
	case n > 99:
		return append(b, '0'+byte(n/100), '0'+byte(n/10%10), '0'+byte(n%10))
	case n > 9:
		return append(b, '0'+byte(n/10), '0'+byte(n%10))
	}
	return append(b, '0'+byte(n))
}

// appendFloat appends f as encoding/json does, which is as ECMAScript does; what JSON has no number for is null.
func appendFloat(b []byte, f float64) []byte {
	size := math.Abs(f)
	if size < maxMillis {
		// At most 15 digits, which no two numbers share: if f is what they are read as, no fewer are.
		if millis := int64(size*1000 + 0.5); float64(millis)/1000 == size && (millis > 0 || !math.Signbit(f)) {
			return appendMillis(b, millis, f < 0)
		}
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(b, "null"...)
	}
	if size == 0 || size >= 1e-6 && size < 1e21 {
		return strconv.AppendFloat(b, f, 'f', -1, 64)
	}
	b = strconv.AppendFloat(b, f, 'e', -1, 64)
	if n := len(b); b[n-4] == 'e' && b[n-3] == '-' && b[n-2] == '0' { // e-09 becomes e-9
		b[n-2] = b[n-1]
		b = b[:n-1]
	}
	return b
}

// appendMillis appends a number of thousandths with as many decimals as it takes.
func appendMillis(b []byte, millis int64, negative bool) []byte {
	if negative {
		b = append(b, '-')
	}
	b = appendInt(b, millis/1000)
	rest := millis % 1000
	if rest == 0 {
		return b
	}
	b = append(b, '.', '0'+byte(rest/100))
	if rest %= 100; rest > 0 {
		b = append(b, '0'+byte(rest/10))
		if rest %= 10; rest > 0 {
			b = append(b, '0'+byte(rest))
		}
	}
	return b
}
