package envelope

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strconv"
)

const (
	maxResolves = 100     // LogValuers behind one another, as in slog
	maxValue    = 1 << 20 // bytes of JSON that one value may make
	maxThrown   = 1 << 10 // bytes of a panic's or an encoding error's text

	tooDeep = "!ERROR: nested deeper than 64 levels"
)

// resolve calls a LogValuer until it gives something to write.
func resolve(v slog.Value) (out slog.Value) {
	if v.Kind() != slog.KindLogValuer {
		return v
	}
	defer func() {
		if thrown := recover(); thrown != nil {
			out = slog.StringValue(panicText(v.Any(), thrown))
		}
	}()
	for range maxResolves {
		if v = v.LogValuer().LogValue(); v.Kind() != slog.KindLogValuer {
			return v
		}
	}
	return slog.StringValue("!ERROR: LogValue called too many times")
}

// appendAny appends what no other kind of slog.Value holds. Methods of v are called; b is as it was if they panic.
func appendAny(b []byte, v any, depth int) (out []byte) {
	if v == nil {
		return append(b, "null"...)
	}
	defer func() {
		if thrown := recover(); thrown != nil {
			out, _, _ = appendString(b, panicText(v, thrown))
		}
	}()
	if err, ok := v.(error); ok {
		if _, ok := v.(json.Marshaler); !ok {
			out, _, _ = appendString(b, err.Error())
			return out
		}
	}
	value, err := marshal(v)
	levels := nesting(value)
	switch {
	case err != nil:
		out, _, _ = appendString(b, "!ERROR: "+bounded(err.Error()))
		return out
	case len(value) > maxValue:
		out, _, _ = appendString(b, "!ERROR: "+strconv.Itoa(len(value))+" bytes of JSON, more than 1 MiB")
		return out
	case depth-1+levels > maxDepth:
		out, _, _ = appendString(b, tooDeep)
		return out
	case levels > 0 && repeats(string(value)):
		value = lastOfTwins(value)
	}
	return append(b, value...)
}

// marshal is json.Marshal without HTML escapes and with valid UTF-8: a Marshaler's text has been checked for grammar,
// and its blanks are gone, but not more.
func marshal(v any) ([]byte, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.ToValidUTF8(bytes.TrimSuffix(text.Bytes(), []byte{'\n'}), []byte("\uFFFD")), nil
}

// lastOfTwins writes a value anew in which names stand twice.
func lastOfTwins(value []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber()
	var v any
	if d.Decode(&v) == nil {
		if once, err := marshal(v); err == nil {
			return once
		}
	}
	return value
}

func panicText(v, thrown any) string {
	if r := reflect.ValueOf(v); r.Kind() == reflect.Pointer && r.IsNil() {
		return "!PANIC: nil " + r.Type().String()
	}
	return "!PANIC: " + bounded(fmt.Sprint(thrown))
}

func bounded(s string) string { return s[:min(len(s), maxThrown)] }

// nesting returns how deep the objects and arrays of a valid JSON text go.
func nesting(text []byte) int {
	depth, most, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			most = max(most, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return most
}
