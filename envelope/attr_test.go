package envelope

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
)

type (
	valuer    func() slog.Value
	marshaler func() ([]byte, error)
	failure   struct{ text string }
	loud      struct{}
	both      struct{}
)

func (v valuer) LogValue() slog.Value            { return v() }
func (f marshaler) MarshalJSON() ([]byte, error) { return f() }
func (f *failure) Error() string                 { return f.text }
func (loud) Error() string                       { panic("no text") }
func (both) Error() string                       { return "text" }
func (both) MarshalJSON() ([]byte, error)        { return []byte(`{"is": "json"}`), nil }

func raw(text string) marshaler { return func() ([]byte, error) { return []byte(text), nil } }

func endless() slog.Value { return slog.AnyValue(valuer(endless)) }

func inlined() slog.Value { return slog.GroupValue(slog.Any("", valuer(inlined))) }

// nested returns groups within groups, n deep, with a number in the innermost.
func nested(n int) slog.Attr {
	a := slog.Int("a", 1)
	for range n {
		a = slog.Attr{Key: "g", Value: slog.GroupValue(a)}
	}
	return a
}

func TestAttrs(t *testing.T) {
	type list []slog.Attr
	var none *failure
	many := make(list, 0, 200)
	for i := range 100 {
		many = append(many, slog.Int(strconv.Itoa(i), -i), slog.Int(strconv.Itoa(i), i))
	}
	wantMany := make([]string, 100)
	for i := range wantMany {
		wantMany[i] = fmt.Sprintf(`"%d":%d`, i, i)
	}
	east := time.FixedZone("", 5*3600+30*60)
	tests := []struct {
		name  string
		attrs list
		want  string
	}{
		{"none", nil, `{}`},
		{"strings", list{slog.String("a", ""), slog.String("b", `"\/<&>`), slog.String("ü", "ü\xff\n")}, `{"a":"","b":"\"\\/<&>","ü":"ü�\n"}`},
		{"integers", list{slog.Int64("min", math.MinInt64), slog.Int("zero", 0), slog.Uint64("max", math.MaxUint64)},
			`{"min":-9223372036854775808,"zero":0,"max":18446744073709551615}`},
		{"floats", list{slog.Float64("a", 0.25), slog.Float64("b", 1e21), slog.Float64("c", 1e-7), slog.Float64("d", -3), slog.Float64("e", math.Copysign(0, -1)),
			slog.Float64("f", 1e20), slog.Float64("g", math.MaxFloat64), slog.Float64("h", 5e-324), slog.Float64("i", 1e-10)},
			`{"a":0.25,"b":1e+21,"c":1e-7,"d":-3,"e":-0,"f":100000000000000000000,"g":1.7976931348623157e+308,"h":5e-324,"i":1e-10}`},
		{"floats that JSON has not", list{slog.Float64("a", math.NaN()), slog.Float64("b", math.Inf(1)), slog.Float64("c", math.Inf(-1))}, `{"a":null,"b":null,"c":null}`},
		{"booleans", list{slog.Bool("t", true), slog.Bool("f", false)}, `{"t":true,"f":false}`},
		{"durations", list{slog.Duration("a", 1500*time.Microsecond), slog.Duration("b", -1)}, `{"a":1500000,"b":-1}`},
		{"times", list{slog.Time("a", noon), slog.Time("b", noon.Truncate(time.Second).In(east)), slog.Time("zero", time.Time{}),
			slog.Time("late", noon.AddDate(9000, 0, 0)), slog.Time("early", noon.AddDate(-9000, 0, 0))},
			`{"a":"2012-07-18T12:13:25.687518999Z","b":"2012-07-18T17:43:25+05:30","zero":"0001-01-01T00:00:00Z","late":"9999-12-31T23:59:59Z","early":"0000-01-01T00:00:00Z"}`},
		{"zones that RFC 3339 cannot write", list{slog.Time("a", noon.In(time.FixedZone("", 28))), slog.Time("b", noon.In(time.FixedZone("", 24*3600))),
			slog.Time("c", noon.In(time.FixedZone("", -24*3600))), slog.Time("d", noon.In(time.FixedZone("", 60-24*3600)))},
			`{"a":"2012-07-18T12:13:25.687518999Z","b":"2012-07-18T12:13:25.687518999Z","c":"2012-07-18T12:13:25.687518999Z","d":"2012-07-17T12:14:25.687518999-23:59"}`},
		{"zero attributes", list{{}, slog.Int("a", 1), {}, slog.Any("b", nil), {}}, `{"a":1,"b":null}`},
		{"an empty name", list{slog.Int("", 1)}, `{"":1}`},
		{"groups", list{slog.Group("g", "a", 1, slog.Group("h", "b", true)), slog.Int("c", 2)}, `{"g":{"a":1,"h":{"b":true}},"c":2}`},
		{"empty groups", list{slog.Group("g"), slog.Int("a", 1), slog.Group("h", slog.Group("i"), slog.Attr{}), slog.Group("")}, `{"a":1}`},
		{"inlined groups", list{slog.Group("", "a", 1, slog.Group("", "b", 2)), slog.Int("c", 3)}, `{"a":1,"b":2,"c":3}`},
		{"deepest group", list{nested(62)}, `{` + strings.Repeat(`"g":{`, 62) + `"a":1` + strings.Repeat("}", 63)},
		{"group too deep", list{nested(63)}, `{` + strings.Repeat(`"g":{`, 62) + `"g":"!ERROR: nested deeper than 64 levels"` + strings.Repeat("}", 63)},
		{"twins", list{slog.Int("a", 1), slog.Int("b", 2), slog.Int("a", 3)}, `{"b":2,"a":3}`},
		{"twins in a group", list{slog.Int("a", 0), slog.Group("g", "a", 1, "a", "{", "b", 2)}, `{"a":0,"g":{"a":"{","b":2}}`},
		{"twins by inlining", list{slog.Int("a", 1), slog.Group("", "a", 2), slog.Int("b", 3)}, `{"a":2,"b":3}`},
		{"twins by U+FFFD", list{slog.Int("a\xff", 1), slog.Int("a\xfe", 2), slog.Int("a\uFFFD", 3)}, `{"a�":3}`},
		{"an empty group is no twin", list{slog.Int("a", 1), slog.Group("a")}, `{"a":1}`},
		{"many twins", many, `{` + strings.Join(wantMany, ",") + `}`},
		{"valuers", list{slog.Any("a", valuer(func() slog.Value { return slog.AnyValue(valuer(func() slog.Value { return slog.IntValue(1) })) })),
			slog.Any("b", valuer(func() slog.Value { return slog.GroupValue(slog.Int("c", 2)) })),
			slog.Any("", valuer(func() slog.Value { return slog.GroupValue(slog.Int("d", 3)) })),
			slog.Any("e", valuer(func() slog.Value { return slog.GroupValue() })),
			slog.Any("", valuer(func() slog.Value { return slog.Value{} })),
			slog.Any("f", valuer(endless))},
			`{"a":1,"b":{"c":2},"d":3,"f":"!ERROR: LogValue called too many times"}`},
		{"a valuer that inlines itself", list{slog.Int("a", 1), slog.Any("", valuer(inlined))}, `{"a":1,"":"!ERROR: nested deeper than 64 levels"}`},
		{"errors", list{slog.Any("a", errors.New("no \"disk\"")), slog.Any("b", both{}), slog.Any("c", &failure{"x"})}, `{"a":"no \"disk\"","b":{"is":"json"},"c":"x"}`},
		{"anything", list{slog.Any("a", []int{1, 2}), slog.Any("b", map[string]any{"z": 1, "a": "<&>"}), slog.Any("c", struct {
			X, y int
		}{1, 2}), slog.Any("d", []byte("hi")), slog.Any("e", (*int)(nil)), slog.Any("f", json.RawMessage("[ 1,\n2 ]")), slog.Any("g", json.Number("1.50"))},
			`{"a":[1,2],"b":{"a":"<&>","z":1},"c":{"X":1},"d":"aGk=","e":null,"f":[1,2],"g":1.50}`},
		{"values", list{slog.Any("a", Value{`{"b": [1, 2.0]}`}), slog.Any("none", Value{}), slog.Any("all", []Value{{`"x"`}, {`1e400`}})}, `{"a":{"b":[1,2.0]},"none":null,"all":["x",1e400]}`},
		{"panics", list{slog.Any("a", loud{}), slog.Any("b", valuer(func() slog.Value { panic("\"out\"") })), slog.Any("c", none),
			slog.Any("d", marshaler(func() ([]byte, error) { panic(errors.New("bad")) })), slog.Any("e", []any{1, marshaler(func() ([]byte, error) { panic(7) })}),
			slog.Group("g", slog.Any("f", loud{}), slog.Int("h", 1)), slog.Any("i", valuer(nil))},
			`{"a":"!PANIC: no text","b":"!PANIC: \"out\"","c":"!PANIC: nil *envelope.failure","d":"!PANIC: bad","e":"!PANIC: 7","g":{"f":"!PANIC: no text","h":1},` +
				`"i":"!PANIC: runtime error: invalid memory address or nil pointer dereference"}`},
		{"a marshaler's bad UTF-8", list{slog.Any("a", raw("\"\xff\""))}, `{"a":"�"}`},
		{"a marshaler's twins", list{slog.Any("a", []any{raw(`{"a":1e99,"b":[{"c":1,"\u0063":2}],"a":1.50}`)}), slog.Any("m", map[string]int{"\xff": 1, "\xfe": 1})}, `{"a":[{"a":1.50,"b":[{"c":2}]}],"m":{"�":1}}`},
		{"a marshaler's deepest", list{slog.Any("a", raw(strings.Repeat("[", 62)+strings.Repeat("]", 62)))}, `{"a":` + strings.Repeat("[", 62) + strings.Repeat("]", 62) + `}`},
		{"a marshaler too deep", list{slog.Any("a", raw(strings.Repeat("[", 63)+strings.Repeat("]", 63)))}, `{"a":"!ERROR: nested deeper than 64 levels"}`},
		{"brackets in strings are not deep", list{slog.Any("a", []string{strings.Repeat(`[\"`, 999)})}, `{"a":[` + string(mustJSON(strings.Repeat(`[\"`, 999))) + `]}`},
		{"a value too large", list{slog.Any("a", []string{strings.Repeat("x", 1<<20)}), slog.Int("b", 1)}, `{"a":"!ERROR: 1048580 bytes of JSON, more than 1 MiB","b":1}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := Draft{Type: "t", Fields: tt.attrs}.Seal()
			if err != nil {
				t.Fatal(err)
			}
			if v, _ := m.Member("fields"); v.JSON() != tt.want {
				t.Errorf("got  %s\nwant %s", v.JSON(), tt.want)
			}
			checkIndex(t, &m)
		})
	}
}

// What encoding/json refuses costs its own value only. The text after the prefix is encoding/json's.
func TestAttrRefused(t *testing.T) {
	type tree struct{ Next *tree }
	cycle := &tree{}
	cycle.Next = cycle
	for name, v := range map[string]any{
		"channel": make(chan int), "NaN within": []float64{math.NaN()}, "cycle": cycle,
		"cut": raw(`{"a":`), "two": raw("1 2"), "no number": json.Number("1."), "failed": marshaler(func() ([]byte, error) { return nil, errors.New("x") }),
	} {
		m, err := Draft{Type: "t", Fields: []slog.Attr{slog.Any("a", v), slog.Int("b", 1)}}.Seal()
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := m.Field("a"); !strings.HasPrefix(got.String(), "!ERROR: json: ") {
			t.Errorf("%s is %s", name, got.JSON())
		}
		if got, _ := m.Field("b"); got.JSON() != "1" {
			t.Errorf("%s: what follows is %s", name, got.JSON())
		}
		checkIndex(t, &m)
	}
}

// A long error or panic must not become a long field.
func TestAttrErrorTextBounded(t *testing.T) {
	m, err := Draft{Type: "t", Fields: []slog.Attr{slog.Any("a", valuer(func() slog.Value { panic(strings.Repeat("ü", 1<<20)) }))}}.Seal()
	if err != nil {
		t.Fatal(err)
	}
	if len(m.JSON()) > 2<<10 {
		t.Errorf("%d bytes", len(m.JSON()))
	}
	checkIndex(t, &m)
}

// Floats are written as encoding/json writes them.
func FuzzFloat(f *testing.F) {
	for _, x := range []float64{0, 1, -1.5, 1e-6, 9.9e-7, 1e21, 9.99e20, 1e-9, 1e-10, 123e-100, math.Pi} {
		f.Add(x)
	}
	f.Fuzz(func(t *testing.T, x float64) {
		want := []byte("null")
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			want = mustJSON(x)
		}
		if got := appendFloat(nil, x); string(got) != string(want) {
			t.Errorf("%s, want %s", got, want)
		}
	})
}
