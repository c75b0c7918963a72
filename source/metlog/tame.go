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
	tameDepth   = 64      // what an envelope may have, two of them around the fields' values
	tameResolve = 100     // LogValuers behind one another, as in slog
	tameNodes   = 100_000 // values looked at in a message

	tooDeep = markError + "nested deeper than 64 levels"
)

// A tamer finds the maps in a message's values. To read a map that another goroutine writes ends the program, and no
// recover helps, so a map is shown by its type and length, which is what can be known of it safely. It calls the methods
// of values but for those that encoding/json calls.
type tamer struct {
	maps   bool // let them be
	deep   bool // the last value is deeper than one looks
	nodes  int
	key    string // of the attribute at hand
	flaw   flaw
	left   bool // there are values for encoding/json
	honest int  // texts that look as if they stood for a value and do not
}

func (c *Client) tamer() *tamer { return &tamer{maps: c.options.Maps} }

// values returns values without maps, given their keys.
func (t *tamer) values(keys []string, values []slog.Value) []slog.Value {
	out := make([]slog.Value, len(values))
	for i := range values {
		t.key = keys[i]
		out[i] = t.value(values[i], 0)
	}
	return out
}

// attrs returns attrs without maps.
func (t *tamer) attrs(attrs []slog.Attr, depth int) []slog.Attr {
	out := make([]slog.Attr, len(attrs))
	for i := range attrs {
		t.key = attrs[i].Key
		out[i] = slog.Attr{Key: attrs[i].Key, Value: t.value(attrs[i].Value, depth)}
	}
	return out
}

func (t *tamer) value(v slog.Value, depth int) slog.Value {
	if t.nodes++; t.nodes > tameNodes {
		return t.instead(markError + "too many values in one message")
	}
	if v.Kind() == slog.KindLogValuer {
		if v = t.resolve(v); v.Kind() == slog.KindString && t.flaw.text != "" {
			return v
		}
	}
	switch v.Kind() {
	case slog.KindGroup:
		if depth >= tameDepth-2 {
			return t.instead(tooDeep)
		}
		return slog.GroupValue(t.attrs(v.Group(), depth+1)...)
	case slog.KindAny:
		return t.any(v)
	case slog.KindString:
		return t.text(v.String())
	default:
		return v
	}
}

// instead returns a text that stands for a value.
func (t *tamer) instead(text string) slog.Value {
	t.flaw = t.flaw.or(flaw{"field", t.key, text})
	t.nodes += 7 // or a value that is made of itself twice would end as a message too large to be sent
	return slog.StringValue(text)
}

func (t *tamer) text(s string) slog.Value {
	for _, mark := range marks {
		if strings.HasPrefix(s, mark) {
			t.honest++
		}
	}
	return slog.StringValue(s)
}

// caught is deferred where a method of x is called: if it panics, *out is a text that says so.
func (t *tamer) caught(x any, out *slog.Value) {
	if thrown := recover(); thrown != nil {
		text := markPanic + textOf(thrown)
		if r := reflect.ValueOf(x); r.Kind() == reflect.Pointer && r.IsNil() {
			text = nilText(r)
		}
		*out = t.instead(text)
	}
}

// nilText is what stands for a nil pointer whose method cannot do with one.
func nilText(r reflect.Value) string { return markPanic + "nil " + r.Type().String() }

// resolve calls LogValue until it gives something to write.
func (t *tamer) resolve(v slog.Value) (out slog.Value) {
	defer t.caught(v.Any(), &out)
	for range tameResolve {
		if v = v.LogValuer().LogValue(); v.Kind() != slog.KindLogValuer {
			return v
		}
	}
	return t.instead(markError + "LogValue called too many times")
}

func (t *tamer) any(v slog.Value) (out slog.Value) {
	x := v.Any()
	r := reflect.ValueOf(x)
	switch {
	case x == nil:
		return v
	case r.Type().Implements(marshaler):
	case r.Type().Implements(errorType):
		defer t.caught(x, &out)
		return t.text(x.(error).Error()) //nolint:forcetypeassert // just seen
	}
	t.deep = false
	switch {
	case t.maps || writesItself(r.Type()):
	case r.Kind() == reflect.Map:
		return t.instead(fmt.Sprintf(markMap+"%s of %d", r.Type(), r.Len()))
	case t.holdsMap(r, 0):
		if t.deep {
			return t.instead(tooDeep)
		}
		return t.instead(fmt.Sprintf(markMap+"in %s", r.Type()))
	}
	t.left = true
	return v
}

var (
	errorType     = reflect.TypeFor[error]()
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

// lost returns what in m's fields has a text in its place. Those that are just texts are not counted.
func (t *tamer) lost(m *envelope.Message) flaw {
	if t.flaw.text != "" || !t.left {
		return t.flaw
	}
	fields, _ := m.Field()
	n := 0
	for _, mark := range marks {
		n += strings.Count(fields.JSON(), `:"`+mark)
	}
	switch {
	case n <= t.honest:
		return flaw{}
	case t.honest > 0: // one of several that look alike
		return flaw{what: "a field could not be written", text: markError}
	}
	return flawIn(fields.JSON())
}
