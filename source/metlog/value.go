package metlog

import (
	"context"
	"encoding/hex"
	"fmt"
	"math"
	"reflect"
	"runtime/debug"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/mozilla-services/metlog-go/internal/secret"
)

const (
	maxValue    = 4 << 10 // bytes of a watched value, more or less
	maxString   = 1 << 10 // bytes of a string in it
	maxNodes    = 256     // values in it
	maxElements = 32      // of a slice
	maxLevels   = 6       // of values in values
	maxHex      = 64      // bytes of an array that are shown
)

var contextType = reflect.TypeFor[context.Context]()

// A renderer writes values as JSON. It calls no methods but time's, reads no map, and knows when to stop.
type renderer struct {
	hide  secret.Names
	end   int // of the text
	nodes int
	path  [maxLevels + 1]reflect.Value // the pointers that lead to where it is
}

// appendValue appends v, redacted, in about limit bytes. Memory that cannot be read, since another goroutine has written
// half of a pointer to it, costs only the value, which is torn then.
func appendValue(b []byte, v reflect.Value, hide secret.Names, limit int) (out []byte, torn bool) {
	start := len(b)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if thrown := recover(); thrown != nil {
			out, torn = appendText(b[:start], "!PANIC: "+fmt.Sprint(thrown), maxString), true
		}
	}()
	r := renderer{hide: hide, end: start + limit}
	return r.value(b, v, 0), false
}

// appendCopy is appendValue of what v is now.
func appendCopy(v any) (text []byte, torn bool) {
	if v == nil {
		return []byte("null"), false
	}
	at := reflect.New(reflect.TypeOf(v)).Elem() // with an address, by which unexported times are read
	at.Set(reflect.ValueOf(v))
	return appendValue(nil, at, secret.With(nil), maxValue)
}

// showThrown returns the text of what was thrown and is no error.
func showThrown(v any, hide secret.Names) string {
	if r := reflect.ValueOf(v); r.Kind() == reflect.String {
		return hide.Text(r.String())
	}
	text, _ := appendCopy(v)
	return string(appendSafe(nil, string(text), hide))
}

func (r *renderer) full(b []byte) bool { return len(b) >= r.end || r.nodes >= maxNodes }

func (r *renderer) value(b []byte, v reflect.Value, level int) []byte {
	r.nodes++
	if !v.IsValid() {
		return append(b, "null"...)
	}
	switch v.Kind() {
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return appendInt(b, v)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return appendUint(b, v.Uint())
	case reflect.Float32, reflect.Float64:
		return appendFloat(b, v)
	case reflect.Complex64, reflect.Complex128:
		return r.text(b, strconv.FormatComplex(v.Complex(), 'g', -1, 128))
	case reflect.String:
		return r.text(b, r.hide.Text(v.String()))
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Array, reflect.Struct:
		return r.composite(b, v, level)
	case reflect.Map, reflect.Chan:
		return r.length(b, v)
	default: // functions and unsafe pointers
		if v.IsZero() {
			return append(b, "null"...)
		}
		return r.text(b, v.Type().String())
	}
}

func (r *renderer) composite(b []byte, v reflect.Value, level int) []byte {
	nilable := v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface || v.Kind() == reflect.Slice
	switch {
	case nilable && v.IsNil():
		return append(b, "null"...)
	case v.Type() == reflect.TypeFor[time.Time]():
		return r.time(b, v)
	case v.Kind() == reflect.Pointer && v.Type().Implements(contextType): // what it holds is everybody's
		return r.text(b, contextName(v.Type()))
	case level >= maxLevels:
		return r.text(b, "… "+v.Type().String())
	}
	switch v.Kind() {
	case reflect.Pointer:
		return r.pointer(b, v, level)
	case reflect.Interface:
		return r.value(b, v.Elem(), level+1)
	case reflect.Struct:
		return r.fields(b, v, level)
	default:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return r.bytes(b, v)
		}
		return r.elements(b, v, level)
	}
}

// contextName returns the name of a context's type, unless it is one of this package's, which nobody knows.
func contextName(t reflect.Type) string {
	if t == reflect.TypeFor[*holder]() {
		t = contextType
	}
	return t.String()
}

func (r *renderer) pointer(b []byte, v reflect.Value, level int) []byte {
	for _, above := range r.path[:level] {
		if above.IsValid() && above.Pointer() == v.Pointer() && above.Type() == v.Type() {
			return r.text(b, "… the same "+v.Type().String())
		}
	}
	r.path[level] = v
	b = r.value(b, v.Elem(), level+1)
	r.path[level] = reflect.Value{}
	return b
}

// fields appends a struct.
func (r *renderer) fields(b []byte, v reflect.Value, level int) []byte {
	t := v.Type()
	if shared(v) {
		return r.text(b, t.String())
	}
	b = append(b, '{')
	for i := range v.NumField() {
		if i > 0 {
			b = append(b, ',')
		}
		if r.full(b) {
			b = append(b, `"…":`...)
			b = r.more(b, v.NumField()-i)
			break
		}
		name := t.Field(i).Name
		b = appendText(b, name, maxName)
		b = append(b, ':')
		if r.hide.Hides(name) {
			b = append(b, redacted...)
		} else {
			b = r.value(b, v.Field(i), level+1)
		}
	}
	return append(b, '}')
}

// shared reports whether a struct has a lock or an atomic in it, or is one, which says that other goroutines write to it.
func shared(v reflect.Value) bool {
	if concurrent(v.Type()) {
		return true
	}
	for i := range v.NumField() {
		t := v.Field(i).Type()
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if concurrent(t) {
			return true
		}
	}
	return false
}

func concurrent(t reflect.Type) bool {
	of := t.PkgPath()
	return of == "sync" || of == "sync/atomic" || of == "internal/poll"
}

// elements appends a slice or an array.
func (r *renderer) elements(b []byte, v reflect.Value, level int) []byte {
	b = append(b, '[')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		if i == maxElements || r.full(b) {
			b = r.more(b, v.Len()-i)
			break
		}
		b = r.value(b, v.Index(i), level+1)
	}
	return append(b, ']')
}

// bytes appends a slice of bytes, as text if it is, or an array of them, which is an identifier more often.
func (r *renderer) bytes(b []byte, v reflect.Value) []byte {
	n := v.Len()
	switch {
	case v.Kind() == reflect.Slice:
		text := v.Bytes()[:min(n, 2*maxString)] // a secret that is cut in two is not seen
		for cut := 0; cut < utf8.UTFMax-1 && len(text) < n && !utf8.Valid(text); cut++ {
			text = text[:len(text)-1]
		}
		if !utf8.Valid(text) {
			return r.length(b, v)
		}
		s := r.hide.Text(string(text))
		return appendBeginning(b, s, min(maxString, max(r.end-len(b), 0)), n-len(text)+len(s))
	case n > maxHex:
		return r.length(b, v)
	}
	b = append(b, '"')
	for i := range n {
		b = hex.AppendEncode(b, []byte{byte(v.Index(i).Uint())})
	}
	return append(b, '"')
}

func (r *renderer) length(b []byte, v reflect.Value) []byte {
	if v.Kind() != reflect.Array && v.IsNil() {
		return append(b, "null"...)
	}
	return r.text(b, v.Type().String()+" of "+strconv.Itoa(v.Len()))
}

func (r *renderer) more(b []byte, n int) []byte {
	return appendText(b, "… "+strconv.Itoa(n)+" more", maxString)
}

func (r *renderer) text(b []byte, s string) []byte {
	return appendText(b, s, min(maxString, max(r.end-len(b), 0)))
}

// time appends a time.Time, whose location is not looked at: it may be anybody's.
func (r *renderer) time(b []byte, v reflect.Value) []byte {
	var t time.Time
	switch {
	case v.CanInterface():
		t, _ = v.Interface().(time.Time)
	case v.CanAddr():
		t = *(*time.Time)(v.Addr().UnsafePointer())
	default:
		return r.text(b, v.Type().String())
	}
	return r.text(b, t.UTC().Format(time.RFC3339Nano))
}

// exact is the largest whole number that every reader of JSON can hold.
const exact = 1<<53 - 1

func appendInt(b []byte, v reflect.Value) []byte {
	n := v.Int()
	switch {
	case v.Type() == reflect.TypeFor[time.Duration]():
		return appendText(b, time.Duration(n).String(), maxString)
	case n > exact || n < -exact:
		return appendText(b, strconv.FormatInt(n, 10), maxString)
	}
	return strconv.AppendInt(b, n, 10)
}

func appendUint(b []byte, n uint64) []byte {
	if n > exact {
		return appendText(b, strconv.FormatUint(n, 10), maxString)
	}
	return strconv.AppendUint(b, n, 10)
}

func appendFloat(b []byte, v reflect.Value) []byte {
	f := v.Float()
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return appendText(b, strconv.FormatFloat(f, 'g', -1, 64), maxString)
	}
	return strconv.AppendFloat(b, f, 'g', -1, v.Type().Bits())
}
