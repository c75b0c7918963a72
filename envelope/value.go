package envelope

import "strconv"

// Kind is which of JSON's six kinds a Value is.
type Kind uint8

// The kinds of JSON value. The zero Value is Null.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

// A Value is one JSON value within a Message: a member, a field, an element. Reading it copies nothing, but for a string
// that holds escapes. It keeps the message's memory alive as long as it is kept.
type Value struct{ raw string }

// Kind returns which kind of JSON value v is.
func (v Value) Kind() Kind {
	if v.raw == "" {
		return Null
	}
	switch v.raw[0] {
	case 'n':
		return Null
	case '"':
		return String
	case '{':
		return Object
	case '[':
		return Array
	case 't', 'f':
		return Bool
	}
	return Number
}

// JSON returns the value as it stands in the message: a number with all its digits, a string with quotes and escapes,
// an object with everything in it. It is "" for the zero Value.
func (v Value) JSON() string { return v.raw }

// String returns a string's text, with escapes decoded and a lone surrogate as U+FFFD; "" for null; and the JSON of any
// other kind, so a number keeps its digits. It allocates only for a string with escapes.
func (v Value) String() string {
	switch v.Kind() {
	case Null:
		return ""
	case String:
		return unquote(v.raw[1 : len(v.raw)-1])
	}
	return v.raw
}

// Int returns the value of a whole number, exactly and in whatever notation: 6, 6.0 and 6e0 are 6. It reports false for
// other kinds (a string of digits included), for a fraction, and for what 64 bits cannot hold.
func (v Value) Int() (int64, bool) { return parseInt(v.raw) }

// Uint is like [Value.Int], for numbers from 0 to 2^64-1.
func (v Value) Uint() (uint64, bool) {
	n, negative, ok := parseUint(v.raw)
	if !ok || negative && n != 0 {
		return 0, false
	}
	return n, true
}

// Float returns the nearest float64 of a number. It reports false for other kinds and for what overflows.
func (v Value) Float() (float64, bool) {
	if v.Kind() != Number {
		return 0, false
	}
	f, err := strconv.ParseFloat(v.raw, 64)
	if err != nil {
		return 0, false
	}
	return f, true
}

// MarshalJSON returns the value as it stands in the message, so that it can be a field of another.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.raw == "" {
		return []byte("null"), nil
	}
	return []byte(v.raw), nil
}

// Bool returns the value of true and false, and whether it is one of them.
func (v Value) Bool() (value, ok bool) { return v.raw == "true", v.Kind() == Bool }
