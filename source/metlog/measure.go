package metlog

import "log/slog"

const (
	unknown = -1 // the size of what has methods that may have to be called
	quotes  = 6  // bytes around a string, a colon and a comma included
	scalar  = 36 // bytes of anything else: a time and the same
)

// measure returns about how many bytes attrs take, and other bytes.
func measure(attrs []slog.Attr, other int) int {
	size := other
	for i := range attrs {
		size += len(attrs[i].Key)
		switch v := &attrs[i].Value; v.Kind() {
		case slog.KindString:
			size += len(v.String()) + quotes
		case slog.KindAny, slog.KindGroup, slog.KindLogValuer:
			return unknown
		default:
			size += scalar
		}
	}
	return size
}

// measureValues is measure without names.
func measureValues(values []slog.Value, other int) int {
	size := other
	for i := range values {
		switch v := &values[i]; v.Kind() {
		case slog.KindString:
			size += len(v.String()) + quotes
		case slog.KindAny, slog.KindGroup, slog.KindLogValuer:
			return unknown
		default:
			size += scalar
		}
	}
	return size
}
