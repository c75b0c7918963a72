package envelope

import (
	"encoding/json"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// seeds hold both orders and separators that clients send, with nested fields and arrays, and what is rewritten.
var seeds = []string{
	nodeText,
	pythonText,
	strings.ReplaceAll(strings.ReplaceAll(pythonText, ", ", ","), ": ", ":"),
	`{"type":"t","payload":"\u00e9\ud83d\ude00\"\\","fields":{"a":[1,-2.5e+3,[],{}],"\n":{"b":null}},"x":true}{"severity":"4"}`,
	"{\n  \"fields\": {\"a\": [NaN, -Infinity]},\n\t\"type\": \"\xff\u00e9\U0001F600\"\r\n}\n{\"heka_pid\":1}\n",
}

func FuzzAppendParse(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	for _, v := range variants {
		if len(v.frame) < 1000 {
			f.Add(v.frame)
		}
	}
	f.Fuzz(func(t *testing.T, frame string) {
		if len(frame) < 1<<17 { // what grows when rewritten stays below MaxBytes
			check(t, frame, true)
		}
	})
}

// FuzzScan holds the scanner to the careful reader: what one takes as it is, the other takes and leaves as it is.
func FuzzScan(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var m Message
		end, found := m.index(text)
		r := repair{text: text}
		kept, ok := r.envelope()
		if scanned := found != unclean; scanned != (ok && kept == text[:r.i]) || scanned && end != r.i {
			t.Fatalf("%q: scanned to %d (%d), repaired to %d (%v): %q", text, end, found, r.i, ok, kept)
		}
	})
}

func FuzzField(f *testing.F) {
	f.Add(`{"a":{"b":[1,{"c":null}]},"a":{"b":[2]}}`, "a|b|0")
	f.Add(`[[1,2],{"\u0061":"x"}]`, "1|a")
	f.Add(`{"":{"]\"":[ ]}}`, "|]\"")
	f.Fuzz(func(t *testing.T, fields, joined string) {
		m, err := Parse([]byte(`{"fields":` + fields + `}`))
		if err != nil {
			return
		}
		path := strings.Split(joined, "|")
		want, found := walk(m.members[memberFields], m.JSON(), path)
		got, ok := m.Field(path...)
		if ok != found {
			t.Fatalf("Field(%q) of %s: %v", path, m.JSON(), ok)
		}
		if ok {
			checkValue(t, got, want)
		}
	})
}

// walk looks a path up as a program would that decodes the JSON.
func walk(at span, text string, path []string) (json.RawMessage, bool) {
	raw := json.RawMessage(text[at.start:at.end])
	for _, step := range path {
		var object map[string]json.RawMessage
		var array []json.RawMessage
		switch {
		case raw[0] == '{' && json.Unmarshal(raw, &object) == nil:
			value, ok := object[step]
			if !ok {
				return nil, false
			}
			raw = value
		case raw[0] == '[' && json.Unmarshal(raw, &array) == nil:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(array) || strconv.Itoa(i) != step {
				return nil, false
			}
			raw = array[i]
		default:
			return nil, false
		}
	}
	return raw, true
}

func FuzzNumber(f *testing.F) {
	for _, text := range []string{"0", "-0.0", "6.0", "60e-1", "1e3", "9223372036854775808", "-9223372036854775808", "18446744073709551616", "1.5", "0.1e19"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v := Value{text}
		if text == "" || strings.Trim(text, "0123456789.eE+-") != "" || !json.Valid([]byte(text)) {
			if n, ok := v.Int(); ok {
				t.Fatalf("%q is read as %d", text, n)
			}
			return
		}
		if at := strings.IndexAny(text, "eE"); at >= 0 && len(text)-at > 5 {
			return // big.Rat would write it all out
		}
		exact, _ := new(big.Rat).SetString(text)
		n, ok := v.Int()
		if want := exact.IsInt() && exact.Num().IsInt64(); ok != want || ok && n != exact.Num().Int64() {
			t.Fatalf("Int() of %s = %d, %v", text, n, ok)
		}
		u, ok := v.Uint()
		if want := exact.IsInt() && exact.Num().IsUint64(); ok != want || ok && u != exact.Num().Uint64() {
			t.Fatalf("Uint() of %s = %d, %v", text, u, ok)
		}
		number, ok := v.Float()
		if want, err := strconv.ParseFloat(text, 64); ok != (err == nil) || ok && number != want {
			t.Fatalf("Float() of %s = %v, %v", text, number, ok)
		}
	})
}

// rfc3339 is the grammar of RFC 3339 section 5.6, with the zone left out at will. Package time is laxer.
var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)?$`)

func FuzzTimestamp(f *testing.F) {
	for _, text := range []string{
		"2012-07-18T21:13:25.687518", "2012-07-18T21:13:25Z", "2012-02-29T21:13:25.5+02:00", "2013-02-29T00:00:00-23:59",
		"0000-01-01T0:00:00", "2012-07-18t21:13:25z",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := parseTimestamp(text)
		large := strings.ToUpper(text)
		want, err := time.Parse(time.RFC3339Nano, large)
		if err != nil {
			want, err = time.Parse("2006-01-02T15:04:05", large)
		}
		if ok != (err == nil && rfc3339.MatchString(text)) || ok && !got.Equal(want) {
			t.Fatalf("%q is read as %v, %v; package time: %v, %v", text, got, ok, want, err)
		}
	})
}
