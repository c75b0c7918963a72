package zerologsource

import (
	"strconv"
	"time"
	"unsafe"

	"github.com/rs/zerolog"
)

// stamp reads a time that was written as zerolog's format says. One in whole seconds that are not over is the clock's.
func stamp(raw []byte) (t time.Time, ok bool) {
	switch t, ok = parseTime(raw); {
	case !ok || t.UTC().Year() < 1 || t.UTC().Year() > 9999: // RFC 3339 has no others, and a format may lack the date
		return time.Time{}, false
	case t.Nanosecond() != 0:
		return t, true
	}
	now := time.Now()
	if late := now.Sub(t); late >= 0 && late < time.Second {
		return now, true
	}
	return t, true
}

// view returns b as a string, which is good as long as b does not change.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func parseTime(raw []byte) (t time.Time, ok bool) {
	format := zerolog.TimeFieldFormat
	if raw[0] == '"' {
		switch format {
		case zerolog.TimeFormatUnix, zerolog.TimeFormatUnixMs, zerolog.TimeFormatUnixMicro, zerolog.TimeFormatUnixNano:
			return t, false
		}
		t, err := time.ParseInLocation(format, view(raw[1:len(raw)-1]), time.Local)
		return t, err == nil
	}
	n, err := strconv.ParseInt(view(raw), 10, 64)
	if err != nil {
		return t, false
	}
	switch format {
	case zerolog.TimeFormatUnix:
		return time.Unix(n, 0), true
	case zerolog.TimeFormatUnixMs:
		return time.UnixMilli(n), true
	case zerolog.TimeFormatUnixMicro:
		return time.UnixMicro(n), true
	case zerolog.TimeFormatUnixNano:
		return time.Unix(0, n), true
	}
	return t, false
}
