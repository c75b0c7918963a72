package zerologsource

import (
	"strconv"
	"time"

	"github.com/rs/zerolog"
)

// stamp reads a time that was written as zerolog's format says. One in whole seconds that are not over is the clock's.
func stamp(raw []byte) (t time.Time, ok bool) {
	if t, ok = parseTime(raw); !ok || t.Nanosecond() != 0 {
		return t, ok
	}
	now := time.Now()
	if late := now.Sub(t); late >= 0 && late < time.Second {
		return now, true
	}
	return t, true
}

func parseTime(raw []byte) (t time.Time, ok bool) {
	format := zerolog.TimeFieldFormat
	if raw[0] == '"' {
		switch format {
		case zerolog.TimeFormatUnix, zerolog.TimeFormatUnixMs, zerolog.TimeFormatUnixMicro, zerolog.TimeFormatUnixNano:
			return t, false
		}
		t, err := time.ParseInLocation(format, view(raw[1:len(raw)-1]), time.Local)
		return t, err == nil && t.Year() > 0 // a format may lack the date
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
