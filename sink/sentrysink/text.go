package sentrysink

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/getsentry/sentry-go"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/jsontext"
)

// appendText appends s, which is valid UTF-8, as a JSON string. A NUL becomes U+FFFD.
func appendText(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	done := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[done:i]...)
		done = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\t':
			b = append(b, '\\', 't')
		case 0:
			b = append(b, "\uFFFD"...)
		default:
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	b = append(b, s[done:]...)
	return append(b, '"')
}

// textOf returns what a value says as text: a string's own, "" for null and for what is empty, else its JSON.
func textOf(value string) string {
	switch {
	case jsontext.Is(value, '"'):
		return jsontext.Unquote(value)
	case value == "null", jsontext.IsEmpty(value):
		return ""
	}
	return value
}

// truncate returns at most n bytes of s, which is valid UTF-8.
func truncate(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// isTime reports whether a value is a time as Sentry takes it: RFC 3339 with or without a zone, or seconds since 1970.
func isTime(value string) bool {
	if jsontext.Is(value, '"') {
		_, ok := parseTime(jsontext.Unquote(value))
		return ok
	}
	f, err := strconv.ParseFloat(value, 64)
	const year9999 = 253_370_764_800
	return err == nil && f >= 0 && f < year9999
}

// parseTime reads what Python reads too.
func parseTime(text string) (at time.Time, ok bool) {
	const layout = "2006-01-02T15:04:05"
	if len(text) < len(layout) || len(text) > len(layout)+len(".123456789+01:00") || text[13] != ':' || strings.Contains(text, ",") {
		return at, false
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		at, err = time.Parse(layout, text)
	}
	_, offset := at.Zone()
	year := at.UTC().Year()
	if err != nil || year <= 1 || year >= 9999 || offset <= -86400 || offset >= 86400 {
		return time.Time{}, false
	}
	return at, true
}

// levelOf returns the level that a value is: one of Sentry's names, or one of the numbers of Python's logging.
func levelOf(value string) (sentry.Level, bool) {
	if jsontext.Is(value, '"') {
		value = strings.ToLower(jsontext.Unquote(value))
	}
	switch value {
	case "debug", "info", "warning", "error", "fatal":
		return sentry.Level(value), true
	case "warn":
		return sentry.LevelWarning, true
	case "critical":
		return sentry.LevelFatal, true
	}
	n, err := strconv.ParseFloat(value, 64)
	switch {
	case err != nil || !(n > 0 && n <= 1000):
		return "", false
	case n < 20:
		return sentry.LevelDebug, true
	case n < 30:
		return sentry.LevelInfo, true
	case n < 40:
		return sentry.LevelWarning, true
	case n < 50:
		return sentry.LevelError, true
	}
	return sentry.LevelFatal, true
}

// levelFrom returns the level of a severity.
func levelFrom(s envelope.Severity) sentry.Level {
	switch {
	case s <= envelope.Critical:
		return sentry.LevelFatal
	case s == envelope.Error:
		return sentry.LevelError
	case s == envelope.Warning:
		return sentry.LevelWarning
	case s <= envelope.Info:
		return sentry.LevelInfo
	}
	return sentry.LevelDebug
}
