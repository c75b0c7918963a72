package metlog

import "log/slog"

// measure returns about how many bytes attrs take. It reports false when to encode them may call methods of theirs.
func measure(attrs []slog.Attr) (size int, simple bool) {
	for i := range attrs {
		size += len(attrs[i].Key)
		switch v := &attrs[i].Value; v.Kind() {
		case slog.KindString:
			size += len(v.String()) + quotes
		case slog.KindAny, slog.KindGroup, slog.KindLogValuer:
			return 0, false
		default:
			size += scalar
		}
	}
	return size, true
}

// measureValues is measure without names.
func measureValues(values []slog.Value) (size int, simple bool) {
	for i := range values {
		switch v := &values[i]; v.Kind() {
		case slog.KindString:
			size += len(v.String()) + quotes
		case slog.KindAny, slog.KindGroup, slog.KindLogValuer:
			return 0, false
		default:
			size += scalar
		}
	}
	return size, true
}

const (
	quotes = 6  // and a colon and a comma
	scalar = 36 // a time, and the same
)
