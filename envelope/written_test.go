package envelope

import (
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The properties of this file hold for any draft: what is written is what the parser reads, and what was meant.

func texts() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.String(),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 40), func(b []byte) string { return string(b) }),
		rapid.StringMatching(`[a-z]{0,20}`),
		rapid.SampledFrom([]string{"", `"`, `\`, "\\u0041", "12345678\n", "\x00", "1234567\"", "\u2028\u2029", "é", "a\xff", "a\xfe", "a\uFFFD",
			"\xed\xa0\x80", "\xf4\x90\x80\x80", "\U0010FFFF", "1234567é", "},{", "type", "severity", "NaN", "\x7f", "[[[[", "\\\\\\\""}),
	)
}

// names collide often.
func names() *rapid.Generator[string] {
	return rapid.OneOf(texts(), rapid.SampledFrom([]string{"", "a", "b", "a\xff", "a\xfe", "a\uFFFD", "\n", "name"}))
}

func times() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		seconds := rapid.OneOf(rapid.Int64Range(firstSecond-1e9, lastSecond+1e9), rapid.Int64Range(0, 2e9), rapid.Int64())
		at := time.Unix(seconds.Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds"))
		return at.In(time.FixedZone("", rapid.IntRange(-50_000, 50_000).Draw(t, "zone")))
	})
}

func attrs(depth int) *rapid.Generator[[]slog.Attr] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) slog.Attr {
		return slog.Attr{Key: names().Draw(t, "key"), Value: value(t, depth)}
	}), 0, 5)
}

func value(t *rapid.T, depth int) slog.Value {
	switch kind := rapid.IntRange(0, 15-2*max(0, depth-3)).Draw(t, "kind"); kind {
	case 0:
		return slog.Int64Value(rapid.Int64().Draw(t, "int"))
	case 1:
		return slog.Uint64Value(rapid.Uint64().Draw(t, "uint"))
	case 2:
		return slog.Float64Value(rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1)})).Draw(t, "float"))
	case 3:
		return slog.BoolValue(rapid.Bool().Draw(t, "bool"))
	case 4:
		return slog.DurationValue(time.Duration(rapid.Int64().Draw(t, "duration")))
	case 5:
		return slog.TimeValue(times().Draw(t, "time"))
	case 6:
		return slog.AnyValue(errors.New(texts().Draw(t, "error")))
	case 7:
		return slog.Value{}
	case 8:
		inner := value(t, depth+1)
		return slog.AnyValue(valuer(func() slog.Value { return inner }))
	case 9:
		return slog.AnyValue(rapid.SliceOfN(texts(), 0, 3).Draw(t, "slice"))
	case 10:
		return slog.AnyValue(rapid.MapOfN(texts(), texts(), 0, 3).Draw(t, "map"))
	case 11:
		return slog.AnyValue(rapid.SampledFrom([]any{make(chan int), loud{}, raw("{"), raw("\"\xff\""), (*failure)(nil), valuer(endless), raw(" [ 1 ] ")}).Draw(t, "odd"))
	case 12, 13:
		return slog.GroupValue(attrs(depth+1).Draw(t, "group")...)
	}
	return slog.StringValue(texts().Draw(t, "string"))
}

func drafts() *rapid.Generator[Draft] {
	return rapid.Custom(func(t *rapid.T) Draft {
		return Draft{
			Timestamp: times().Draw(t, "timestamp"),
			Logger:    texts().Draw(t, "logger"),
			Type:      texts().Draw(t, "type"),
			Severity:  Severity(rapid.Int8().Draw(t, "severity")),
			Payload:   texts().Draw(t, "payload"),
			Fields:    attrs(0).Draw(t, "fields"),
			PID:       rapid.OneOf(rapid.Just(0), rapid.Int(), rapid.IntMin(1)).Draw(t, "pid"),
			Hostname:  texts().Draw(t, "hostname"),
		}
	})
}

func text(s string) string { return string([]rune(s)) }

// meaning is what encoding/json should read of attrs, but for values of kind Any, where only errors have one.
func meaning(into map[string]any, attrs []slog.Attr) map[string]any {
	for _, a := range attrs {
		v := resolve(a.Value)
		var means any
		switch v.Kind() {
		case slog.KindString:
			means = text(v.String())
		case slog.KindInt64:
			means = float64(v.Int64())
		case slog.KindUint64:
			means = float64(v.Uint64())
		case slog.KindDuration:
			means = float64(v.Duration())
		case slog.KindBool:
			means = v.Bool()
		case slog.KindFloat64:
			if f := v.Float64(); !math.IsNaN(f) && !math.IsInf(f, 0) {
				means = f
			}
		case slog.KindTime:
			means = v.Time()
			if local, utc := v.Time().Year(), v.Time().UTC().Year(); min(local, utc) < 0 || max(local, utc) > 9999 {
				means = anything
			}
		case slog.KindGroup:
			if a.Key == "" {
				meaning(into, v.Group())
				continue
			}
			group := meaning(map[string]any{}, v.Group())
			if len(group) == 0 {
				continue
			}
			means = group
		default:
			switch x := v.Any().(type) {
			case nil:
				if a.Key == "" {
					continue
				}
			case loud, *failure:
				means = anything
			case error:
				means = text(x.Error())
			default:
				means = anything
			}
		}
		into[text(a.Key)] = means
	}
	return into
}

// anything is a meaning this test does not know.
var anything = new(int)

func same(want, got any) bool {
	if want == anything {
		return true
	}
	if at, ok := want.(time.Time); ok {
		text, _ := got.(string)
		got, err := time.Parse(time.RFC3339Nano, text)
		return err == nil && got.Equal(at)
	}
	wantMap, ok := want.(map[string]any)
	if !ok {
		return reflect.DeepEqual(want, got)
	}
	gotMap, ok := got.(map[string]any)
	if !ok || len(wantMap) != len(gotMap) {
		return false
	}
	for k, v := range wantMap {
		if got, ok := gotMap[k]; !ok || !same(v, got) {
			return false
		}
	}
	return true
}

func checkFields(t *rapid.T, m *Message, attrs []slog.Attr) {
	t.Helper()
	v, _ := m.Member("fields")
	var got any
	if err := json.Unmarshal([]byte(v.JSON()), &got); err != nil {
		t.Fatalf("%v: %s", err, v.JSON())
	}
	if want := meaning(map[string]any{}, attrs); !same(want, got) {
		t.Fatalf("fields are %v, not %v", got, want)
	}
}

// What we send passes the strict parser and is indexed as it would index it.
func checkWritten(t *rapid.T, m *Message) {
	t.Helper()
	strict := Parser{Strict: m.PID() > 0 && m.Hostname() != ""} // it wants all nine members
	batch, err := strict.AppendParse(nil, m.JSON(), len(m.JSON()), Meta{})
	if err != nil {
		t.Fatalf("%v\n%s", err, m.JSON())
	}
	if len(batch) != 1 || known(batch[0]) != known(*m) {
		t.Fatalf("parsed  %+v\nwritten %+v", batch, known(*m))
	}
	checkIndex(t, m)
}

func TestSealedIsParsed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drafts().Draw(t, "draft")
		m, err := d.Seal()
		if err != nil {
			t.Fatal(err)
		}
		checkWritten(t, &m)
		checkFields(t, &m, d.Fields)
		at, ok := m.Timestamp()
		if s, us := stamp(d.Timestamp); !ok || !d.Timestamp.IsZero() && !at.Equal(time.Unix(s, int64(us)*1000)) {
			t.Fatalf("timestamp %v of %v", at, d.Timestamp)
		}
		if m.Type() != text(d.Type) || m.Logger() != text(d.Logger) || m.Payload() != text(d.Payload) || m.Hostname() != text(d.Hostname) ||
			m.PID() != max(d.PID, 0) || m.Severity() != min(max(d.Severity, Emergency), Debug) {
			t.Fatalf("%+v became %s", d, m.JSON())
		}
	})
}

func TestEncodedIsParsed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drafts().Draw(t, "draft")
		e := NewEncoder(d.Logger, d.PID, d.Hostname)
		var m [3]Message
		slab := e.Append(nil, &m[0], d.Timestamp, d.Severity, d.Type, d.Payload, d.Fields)

		fields, _ := m[0].Member("fields")
		slab, err := e.AppendJSON(slab, &m[1], d.Timestamp, d.Severity, d.Type, d.Payload, []byte(fields.JSON()))
		if err != nil {
			t.Fatal(err)
		}

		keys, values := make([]string, len(d.Fields)), make([]slog.Value, len(d.Fields))
		for i, a := range d.Fields {
			keys[i], values[i] = a.Key, a.Value
		}
		_, err = e.AppendShape(slab, &m[2], d.Timestamp, d.Severity, NewShape(d.Type, keys...), d.Payload, values)
		if err != nil {
			t.Fatal(err)
		}
		for i := range m {
			checkWritten(t, &m[i])
		}
		if known(m[0]) != known(m[1]) {
			t.Fatalf("%s\n%s", m[0].JSON(), m[1].JSON())
		}
	})
}

func TestChangedIsParsed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drafts().Draw(t, "draft")
		sealed, err := d.Seal()
		if err != nil {
			t.Fatal(err)
		}
		added := attrs(0).Draw(t, "added")
		m, err := sealed.With(added...)
		if err != nil {
			t.Fatal(err)
		}
		checkWritten(t, &m)
		all := meaning(meaning(map[string]any{}, d.Fields), added)
		if fields := decoded(&m); !same(all, fields) {
			t.Fatalf("fields are %v, not %v", fields, all)
		}
		for _, a := range append(d.Fields, added...) {
			if m, err = m.Without(text(a.Key)); err != nil {
				t.Fatal(err)
			}
			checkWritten(t, &m)
			fields := decoded(&m)
			if _, ok := fields[text(a.Key)]; ok {
				t.Fatalf("%q is still in %v", a.Key, fields)
			}
		}
	})
}

func decoded(m *Message) (fields map[string]any) {
	v, _ := m.Member("fields")
	if json.Unmarshal([]byte(v.JSON()), &fields) != nil {
		return nil
	}
	return fields
}

// Escapes are found wherever they stand.
func FuzzString(f *testing.F) {
	for _, s := range []string{"", "a", "12345678", "1234567\"", "12345678\\", "\x1f", "\x20", "\x7f", "1234567\x80", "é", "ééééé\n", "\xed\xa0\x80", "\xff\xfe\"", "\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, escaped, _ := appendString([]byte("before"), s)
		var got string
		if err := json.Unmarshal(b[len("before"):], &got); err != nil || got != text(s) {
			t.Fatalf("%q became %s: %q, %v", s, b, got, err)
		}
		if want := reflect.DeepEqual(b, []byte("before\""+text(s)+"\"")); want == escaped {
			t.Fatalf("%q became %s, escaped: %v", s, b, escaped)
		}
	})
}
