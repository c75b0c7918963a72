package metlog

import (
	"encoding"
	"fmt"
	"log/slog"
	"reflect"
	"strings"

	"github.com/mozilla-services/metlog-go/envelope"
)

const (
	tameDepth   = 64      // what an envelope may have
	tameResolve = 100     // LogValuers behind one another, as in slog
	tameNodes   = 100_000 // values looked at in a message

	tooDeep = "!ERROR: nested deeper than 64 levels"
)

// A tamer finds the maps in a message's values. To read a map that another goroutine writes ends the program, and no
// recover helps, so a map is shown by its type and length, which is what can be known of it safely.
type tamer struct {
	maps  bool // let them be
	deep  bool // the last value is deeper than one looks
	nodes int
}

// tameAttrs returns attrs without maps.
func (c *Client) tameAttrs(attrs []slog.Attr) []slog.Attr {
	t := tamer{maps: c.options.Maps}
	return t.attrs(attrs, 0)
}

// tameValues is tameAttrs for values.
func (c *Client) tameValues(values []slog.Value) []slog.Value {
	t := tamer{maps: c.options.Maps}
	out := make([]slog.Value, len(values))
	for i := range values {
		out[i] = t.value(values[i], 0)
	}
	return out
}

func (t *tamer) attrs(attrs []slog.Attr, depth int) []slog.Attr {
	out := make([]slog.Attr, len(attrs))
	for i := range attrs {
		out[i] = slog.Attr{Key: attrs[i].Key, Value: t.value(attrs[i].Value, depth)}
	}
	return out
}

func (t *tamer) value(v slog.Value, depth int) slog.Value {
	if t.nodes++; t.nodes > tameNodes {
		return slog.StringValue("!ERROR: too many values in one message")
	}
	if v.Kind() == slog.KindLogValuer {
		v = resolve(v)
	}
	switch v.Kind() {
	case slog.KindGroup:
		if depth > tameDepth {
			return slog.StringValue(tooDeep)
		}
		return slog.GroupValue(t.attrs(v.Group(), depth+1)...)
	case slog.KindAny:
		return t.any(v)
	default:
		return v
	}
}

// resolve calls LogValue until it gives something to write.
func resolve(v slog.Value) (out slog.Value) {
	defer func() {
		if thrown := recover(); thrown != nil {
			out = slog.StringValue(fmt.Sprintf("!PANIC: %.1000v", thrown))
		}
	}()
	for range tameResolve {
		if v = v.LogValuer().LogValue(); v.Kind() != slog.KindLogValuer {
			return v
		}
	}
	return slog.StringValue("!ERROR: LogValue called too many times")
}

func (t *tamer) any(v slog.Value) slog.Value {
	x := v.Any()
	if _, ok := x.(error); ok || x == nil || t.maps {
		return v
	}
	r := reflect.ValueOf(x)
	t.deep = false
	switch {
	case writesItself(r.Type()):
	case r.Kind() == reflect.Map:
		return slog.StringValue(fmt.Sprintf("!MAP: %s of %d", r.Type(), r.Len()))
	case t.holdsMap(r, 0):
		if t.deep {
			return slog.StringValue(tooDeep)
		}
		return slog.StringValue(fmt.Sprintf("!MAP: in %s", r.Type()))
	}
	return v
}

var (
	marshaler     = reflect.TypeFor[interface{ MarshalJSON() ([]byte, error) }]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

func writesItself(t reflect.Type) bool { return t.Implements(marshaler) || t.Implements(textMarshaler) }

// holdsMap reports whether encoding/json would read a map in v, or that there is too much in it to be sure. Depth is of
// objects and arrays.
func (t *tamer) holdsMap(v reflect.Value, depth int) bool {
	if !v.IsValid() || writesItself(v.Type()) {
		return false
	}
	if depth > tameDepth {
		t.deep = true
		return true
	}
	if t.nodes++; t.nodes > tameNodes {
		return true
	}
	switch v.Kind() {
	case reflect.Map:
		return true
	case reflect.Pointer, reflect.Interface:
		return t.holdsMap(v.Elem(), depth)
	case reflect.Slice, reflect.Array:
		return t.elementHoldsMap(v, depth)
	case reflect.Struct:
		return t.fieldHoldsMap(v, depth)
	default:
		return false
	}
}

func (t *tamer) elementHoldsMap(v reflect.Value, depth int) bool {
	switch v.Type().Elem().Kind() {
	case reflect.Map, reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Array, reflect.Struct:
	default:
		return false
	}
	for i := range v.Len() {
		if t.holdsMap(v.Index(i), depth+1) {
			return true
		}
	}
	return false
}

func (t *tamer) fieldHoldsMap(v reflect.Value, depth int) bool {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if (field.IsExported() || field.Anonymous) && field.Tag.Get("json") != "-" && t.holdsMap(v.Field(i), depth+1) {
			return true
		}
	}
	return false
}

// inspect counts a message in which something could not be written.
func (c *Client) inspect(typ string, m *envelope.Message) {
	for _, mark := range []string{`"!ERROR: `, `"!PANIC: `, `"!MAP: `} {
		if strings.Contains(m.JSON(), mark) {
			c.damaged.Add(1)
			c.report.tell(fmt.Errorf("metlog: a value in a message of type %.100q could not be written: it stands as a text that begins with %s", typ, mark[1:]))
			return
		}
	}
}

// Damaged returns the number of messages in which a text that begins with "!ERROR: ", "!PANIC: " or "!MAP: " stands for
// a value that could not be written.
func (c *Client) Damaged() uint64 { return c.damaged.Load() }
