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

	tooDeep = "!ERROR: nested deeper than 64 levels"
)

// A tamer finds the maps in a message's values. To read a map that another goroutine writes ends the program, and no
// recover helps, so a map is shown by its type and length, which is what can be known of it safely. It calls the methods
// of values but for those that encoding/json calls.
type tamer struct {
	maps    bool // let them be
	deep    bool // the last value is deeper than one looks
	nodes   int
	damaged bool // a text stands for a value
	left    bool // there are values for encoding/json
	honest  int  // texts that look as if they stood for a value and do not
}

func (c *Client) tamer() *tamer { return &tamer{maps: c.options.Maps} }

// values returns values without maps.
func (t *tamer) values(values []slog.Value) []slog.Value {
	out := make([]slog.Value, len(values))
	for i := range values {
		out[i] = t.value(values[i], 0)
	}
	return out
}

// attrs returns attrs without maps.
func (t *tamer) attrs(attrs []slog.Attr, depth int) []slog.Attr {
	out := make([]slog.Attr, len(attrs))
	for i := range attrs {
		out[i] = slog.Attr{Key: attrs[i].Key, Value: t.value(attrs[i].Value, depth)}
	}
	return out
}

func (t *tamer) value(v slog.Value, depth int) slog.Value {
	if t.nodes++; t.nodes > tameNodes {
		return t.instead("!ERROR: too many values in one message")
	}
	if v.Kind() == slog.KindLogValuer {
		if v = t.resolve(v); v.Kind() == slog.KindString && t.damaged {
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
	t.damaged = true
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
		text := "!PANIC: " + textOf(thrown)
		if r := reflect.ValueOf(x); r.Kind() == reflect.Pointer && r.IsNil() {
			text = "!PANIC: nil " + r.Type().String()
		}
		*out = t.instead(text)
	}
}

// resolve calls LogValue until it gives something to write.
func (t *tamer) resolve(v slog.Value) (out slog.Value) {
	defer t.caught(v.Any(), &out)
	for range tameResolve {
		if v = v.LogValuer().LogValue(); v.Kind() != slog.KindLogValuer {
			return v
		}
	}
	return t.instead("!ERROR: LogValue called too many times")
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
		return t.instead(fmt.Sprintf("!MAP: %s of %d", r.Type(), r.Len()))
	case t.holdsMap(r, 0):
		if t.deep {
			return t.instead(tooDeep)
		}
		return t.instead(fmt.Sprintf("!MAP: in %s", r.Type()))
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

// marks are what begins a text that the envelope writes for a value.
var marks = [...]string{"!ERROR: ", "!PANIC: "}

// inspect counts m if t, or encoding/json, could not write something in it.
func (c *Client) inspect(t *tamer, typ string, m *envelope.Message) {
	if t.lost(m) {
		c.damage(typ)
	}
}

// lost reports whether a text in m's fields stands for a value. Those that are just texts are not counted.
func (t *tamer) lost(m *envelope.Message) bool {
	if t.damaged || !t.left {
		return t.damaged
	}
	fields, _ := m.Field()
	n := 0
	for _, mark := range marks {
		n += strings.Count(fields.JSON(), `:"`+mark)
	}
	return n > t.honest
}

// damage counts a message in which something could not be written.
func (c *Client) damage(typ string) {
	c.damaged.Add(1)
	c.report.tell(fmt.Errorf("metlog: a value in a message of type %.100q could not be written: a text that begins with !ERROR, !PANIC or !MAP stands there", typ))
}

// Damaged returns the number of messages in which a text that begins with "!ERROR: ", "!PANIC: " or "!MAP: " stands for
// a value that could not be written, or for what an error has to say. A text that happens to begin so is not counted, but
// for one inside a value that encoding/json writes. Security events that could not be written as they were are counted too.
func (c *Client) Damaged() uint64 { return c.damaged.Load() }
