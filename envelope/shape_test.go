package envelope

import (
	"errors"
	"log/slog"
	"testing"
)

func TestAppendShape(t *testing.T) {
	tests := []struct {
		name   string
		shape  *Shape
		values []slog.Value
		want   string
	}{
		{"no keys", NewShape("t"), nil, `{"type":"t","fields":{}}`},
		{"scalars", NewShape("t\n", "a", "b\""), []slog.Value{slog.IntValue(1), slog.StringValue("\\")}, `{"type":"t\n","fields":{"a":1,"b\"":"\\"}}`},
		{"twins", NewShape("t", "a", "b", "a"), []slog.Value{slog.IntValue(1), slog.IntValue(2), slog.IntValue(3)}, `{"type":"t","fields":{"b":2,"a":3}}`},
		{"twins by U+FFFD", NewShape("t", "\xff", "\xfe"), []slog.Value{slog.IntValue(1), slog.IntValue(2)}, `{"type":"t","fields":{"�":2}}`},
		{"groups", NewShape("t", "none", "g", "", "none"), []slog.Value{slog.GroupValue(), slog.GroupValue(slog.Int("a", 1)), slog.GroupValue(slog.Int("b", 2)), slog.GroupValue()},
			`{"type":"t","fields":{"g":{"a":1},"":{"b":2}}}`},
		{"first left out", NewShape("t", "none", "a"), []slog.Value{slog.GroupValue(), slog.IntValue(1)}, `{"type":"t","fields":{"a":1}}`},
		{"no value", NewShape("t", "a", ""), []slog.Value{{}, {}}, `{"type":"t","fields":{"a":null,"":null}}`},
		{"panics", NewShape("t", "a", "b"), []slog.Value{slog.AnyValue(loud{}), slog.IntValue(1)}, `{"type":"t","fields":{"a":"!PANIC: no text","b":1}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := NewEncoder("shop", 1, "web1")
			var m Message
			if _, err := e.AppendShape([]byte("before"), &m, noon, Error, tt.shape, "p", tt.values); err != nil {
				t.Fatal(err)
			}
			checkIndex(t, &m)
			typ, _ := m.Member("type")
			fields, _ := m.Member("fields")
			if got := `{"type":` + typ.JSON() + `,"fields":` + fields.JSON() + `}`; got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if m.Severity() != Error || m.Payload() != "p" || m.Logger() != "shop" {
				t.Errorf("%s", m.JSON())
			}
		})
	}
}

func TestAppendShapeWith(t *testing.T) {
	fixed := NewShape("t", "a").With(slog.String("f", "\""), slog.Int("n", 1))
	for _, tt := range []struct {
		name  string
		shape *Shape
		attrs []slog.Attr
		want  string
	}{
		{"none", NewShape("t", "a"), nil, `{"a":7}`},
		{"before", NewShape("t", "a"), []slog.Attr{slog.Int("x", 1), slog.String("y", "z")}, `{"x":1,"y":"z","a":7}`},
		{"twin of a key", NewShape("t", "a"), []slog.Attr{slog.Int("a", 1), slog.Int("x", 2)}, `{"x":2,"a":7}`},
		{"twins", NewShape("t", "a"), []slog.Attr{slog.Int("x", 1), slog.Int("x", 2)}, `{"x":2,"a":7}`},
		{"twins by U+FFFD", NewShape("t", "\xff"), []slog.Attr{slog.Int("\uFFFD", 1)}, `{"�":7}`},
		{"twin in a group", NewShape("t", "a"), []slog.Attr{slog.Group("", slog.Int("a", 1))}, `{"a":7}`},
		{"empty group", NewShape("t", "a"), []slog.Attr{slog.Group("g")}, `{"a":7}`},
		{"fixed", fixed, nil, `{"a":7,"f":"\"","n":1}`},
		{"fixed, twin", fixed, []slog.Attr{slog.Int("x", 1), slog.Int("n", 2)}, `{"x":1,"a":7,"f":"\"","n":1}`},
		{"fixed twice", fixed.With(slog.Int("n", 3), slog.Int("m", 4)), nil, `{"a":7,"f":"\"","n":3,"m":4}`},
		{"fixed, twin of a key", NewShape("t", "a").With(slog.Int("a", 8)), nil, `{"a":8}`},
		{"fixed twins", NewShape("t", "a").With(slog.Int("b", 8), slog.Int("b", 9)), nil, `{"a":7,"b":9}`},
		{"fixed group", NewShape("t", "a").With(slog.Group("", slog.Int("b", 8))), []slog.Attr{slog.Int("b", 1)}, `{"a":7,"b":8}`},
		{"nothing fixed", NewShape("t", "a").With(slog.Group("g")), nil, `{"a":7}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := NewEncoder("shop", 1, "web1")
			var m Message
			if _, err := e.AppendShapeWith(nil, &m, noon, Info, tt.shape, "p", tt.attrs, []slog.Value{slog.IntValue(7)}); err != nil {
				t.Fatal(err)
			}
			checkIndex(t, &m)
			if fields, _ := m.Member("fields"); fields.JSON() != tt.want {
				t.Errorf("got  %s\nwant %s", fields.JSON(), tt.want)
			}
		})
	}
}

func TestAppendShapeCount(t *testing.T) {
	e := NewEncoder("shop", 1, "web1")
	shape := NewShape("t", "a", "b")
	for _, n := range []int{0, 1, 3} {
		m := Message{text: "{}"}
		slab, err := e.AppendShape([]byte("before"), &m, noon, Info, shape, "", make([]slog.Value, n))
		count := new(CountError)
		if !errors.As(err, &count) || count.Keys != 2 || count.Values != n || string(slab) != "before" || m != (Message{}) {
			t.Errorf("%d values: %v, %q, %s", n, err, slab, m.JSON())
		}
	}
	if got := (&CountError{2, 3}).Error(); got != "envelope: shape has 2 keys and was given 3 values" {
		t.Error(got)
	}
}

func BenchmarkEncoder(b *testing.B) {
	e := NewEncoder("shop", 4711, "web1.example.net")
	slab := make([]byte, 0, 64<<10)
	var m Message
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if cap(slab)-len(slab) < 1024 {
			slab = slab[:0] // nobody reads m
		}
		slab = e.Append(slab, &m, noon, Info, "order", "paid", []slog.Attr{
			slog.String("name", "cart.store"), slog.Int("items", i), slog.Float64("rate", 0.5), slog.Bool("ok", true),
		})
	}
}

func BenchmarkShape(b *testing.B) {
	e := NewEncoder("shop", 4711, "web1.example.net")
	shape := NewShape("order", "name", "items", "rate", "ok")
	slab := make([]byte, 0, 64<<10)
	var m Message
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if cap(slab)-len(slab) < 1024 {
			slab = slab[:0]
		}
		slab, _ = e.AppendShape(slab, &m, noon, Info, shape, "paid", []slog.Value{
			slog.StringValue("cart.store"), slog.IntValue(i), slog.Float64Value(0.5), slog.BoolValue(true),
		})
	}
}

func BenchmarkSeal(b *testing.B) {
	d := Draft{Timestamp: noon, Logger: "shop", Type: "order", Payload: "paid", PID: 4711, Hostname: "web1.example.net", Fields: []slog.Attr{
		slog.String("name", "cart.store"), slog.Int("items", 3), slog.Float64("rate", 0.5), slog.Bool("ok", true),
	}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Seal(); err != nil {
			b.Fatal(err)
		}
	}
}
