package envelope

import "time"

// What RFC 3339 can write: years 0 to 9999, in seconds since 1970. Times beyond are clamped.
const (
	firstSecond = -62167219200
	lastSecond  = 253402300799

	secondsOfDay = 24 * 60 * 60
)

// secondLength is how much of a timestamp changes once a second; six digits and Z follow.
const secondLength = len("2006-01-02T15:04:05.")

// stamp splits t into the second and the microsecond to write.
func stamp(t time.Time) (second int64, micro int) {
	switch second = t.Unix(); {
	case second < firstSecond:
		return firstSecond, 0
	case second > lastSecond:
		return lastSecond, 999999
	}
	return second, t.Nanosecond() / 1000
}

// putSecond writes the secondLength bytes of a timestamp up to and with the point.
func putSecond(b []byte, second int64) {
	var text [32]byte
	t := time.Unix(second, 0).UTC().AppendFormat(text[:0], time.RFC3339)
	t[secondLength-1] = '.' // for the Z
	copy(b[:secondLength], t)
}

// putMicro writes six digits.
func putMicro(b []byte, micro int) {
	_ = b[5]
	high, low := uint(micro)/1000, uint(micro)%1000
	b[0], b[1], b[2] = '0'+byte(high/100), '0'+byte(high/10%10), '0'+byte(high%10)
	b[3], b[4], b[5] = '0'+byte(low/100), '0'+byte(low/10%10), '0'+byte(low%10)
}

// appendTime appends t as a JSON string in RFC 3339 with as many digits as it needs, and with its own zone unless that is
// one of a day or more, or of odd seconds, which RFC 3339 cannot write.
func appendTime(b []byte, t time.Time) []byte {
	if _, offset := t.Zone(); offset%60 != 0 || offset <= -secondsOfDay || offset >= secondsOfDay {
		t = t.UTC()
	}
	if y := t.Year(); y < 0 || y > 9999 {
		t = time.Unix(min(max(t.Unix(), firstSecond), lastSecond), 0).UTC()
	}
	b = append(b, '"')
	b = t.AppendFormat(b, time.RFC3339Nano)
	return append(b, '"')
}

// nanoseconds returns t as kept in a Message: since 1970, 0 for a time that does not fit in 64 bits (1678 to 2261).
func nanoseconds(t time.Time) int64 {
	const fits = 1<<63/1_000_000_000 - 1
	if s := t.Unix(); s < -fits || s > fits {
		return 0
	}
	return t.UnixNano()
}
