package envelope

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"

	"pgregory.net/rapid"
)

var someMeta = Meta{Received: time.Unix(5, 6).UTC(), Origin: "tcp://here", ID: ID{7}}

func read(t interface {
	Helper()
	Fatalf(string, ...any)
}, text string) Message {
	t.Helper()
	batch, err := new(Parser).AppendParse(nil, text, 1<<20, someMeta)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return batch[0]
}

// checkChanged holds a changed copy to what both kinds of change promise.
func checkChanged(t interface {
	Helper()
	Fatalf(string, ...any)
}, before string, m, changed *Message) {
	t.Helper()
	if m.JSON() != before {
		t.Fatalf("the original became %s", m.JSON())
	}
	checkIndex(t, changed)
	if changed.Meta() != someMeta {
		t.Fatalf("Meta is %+v", changed.Meta())
	}
	if unsafe.StringData(changed.text) == unsafe.StringData(m.text) {
		t.Fatalf("%s shares memory", changed.JSON())
	}
	if changed.SlabBytes() != len(changed.text) {
		t.Fatalf("SlabBytes %d for %d bytes of its own", changed.SlabBytes(), len(changed.text))
	}
}

func TestWith(t *testing.T) {
	host := []slog.Attr{slog.String("host", "web1")}
	tests := []struct {
		name   string
		text   string
		fields []slog.Attr
		want   string // "": an error
	}{
		{"new", `{"type": "a", "fields": {"b": 1 } , "payload": "p", "x": 2}`, host, `{"type": "a", "fields": {"b": 1,"host":"web1" } , "payload": "p", "x": 2}`},
		{"no fields yet", `{"fields":{},"type":"a"}`, host, `{"fields":{"host":"web1"},"type":"a"}`},
		{"no fields yet, a blank", `{"fields":{ },"type":"a"}`, host, `{"fields":{"host":"web1" },"type":"a"}`},
		{"replaced in place", `{"type":"a","fields":{ "a": [1, {"host": 2}], "host" : {"x":[1,2]} , "c":3 }}`, host, `{"type":"a","fields":{ "a": [1, {"host": 2}], "host" : "web1" , "c":3 }}`},
		{"twins, spelled otherwise", `{"fields":{"host":1,"b":2,"h\u006fst":"3","host":null},"type":"a"}`, host, `{"fields":{"host":"web1","b":2},"type":"a"}`},
		{"several", `{"fields":{"b":1},"type":"a"}`, []slog.Attr{slog.Int("a", 2), slog.Int("b", 3), slog.Int("a", 4), slog.Group("g", "x", 1)}, `{"fields":{"b":3,"a":4,"g":{"x":1}},"type":"a"}`},
		{"a group replaces", `{"fields":{"g":{"x":1,"y":2}},"type":"a"}`, []slog.Attr{slog.Group("g", "x", 3)}, `{"fields":{"g":{"x":3}},"type":"a"}`},
		{"a name with an escape", `{"fields":{"a\"\n":1},"type":"a"}`, []slog.Attr{slog.Int("a\"\n", 2), slog.Int("\\", 3)}, `{"fields":{"a\"\n":2,"\\":3},"type":"a"}`},
		{"a lone surrogate", `{"fields":{"\ud800":1},"type":"a"}`, []slog.Attr{slog.Int("\uFFFD", 2)}, `{"fields":{"\ud800":2},"type":"a"}`},
		{"nothing", `{"fields": {"b":1}, "type":"a"}`, []slog.Attr{{}, slog.Group("g")}, `{"fields": {"b":1}, "type":"a"}`},
		{"nothing to an array", `{"fields":[1],"type":"a"}`, nil, `{"fields":[1],"type":"a"}`},
		{"missing", `{"type":"a" }`, host, `{"type":"a" ,"fields":{"host":"web1"}}`},
		{"null", `{"fields": null, "type":"a"}`, host, `{"fields": {"host":"web1"}, "type":"a"}`},
		{"array", `{"fields":["host"],"type":"a"}`, host, ``},
		{"text", `{"fields":"host","type":"a"}`, host, ``},
		{"number", `{"fields":0,"type":"a"}`, host, ``},
		{"an alias behind", `{"fields":{},"heka_pid":12,"type":"\n"}`, host, `{"fields":{"host":"web1"},"heka_pid":12,"type":"\n"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := read(t, tt.text)
			changed, err := m.With(tt.fields...)
			if tt.want == "" {
				var syntax *SyntaxError
				if !errors.As(err, &syntax) || syntax.Reason != ReasonNotObject || changed != (Message{}) {
					t.Fatalf("%v, %s", err, changed.JSON())
				}
				return
			}
			if err != nil || changed.JSON() != tt.want {
				t.Fatalf("got  %s (%v)\nwant %s", changed.JSON(), err, tt.want)
			}
			checkChanged(t, tt.text, &m, &changed)
		})
	}
}

func TestWithZeroMessage(t *testing.T) {
	var m Message
	if changed, err := m.With(slog.Int("a", 1)); err == nil || changed != (Message{}) {
		t.Errorf("%s, %v", changed.JSON(), err)
	}
	if changed, err := m.Without("a"); err != nil || changed != (Message{}) {
		t.Errorf("%s, %v", changed.JSON(), err)
	}
}

func TestWithTooLarge(t *testing.T) {
	if raceEnabled {
		return // the race detector would touch all of this 1 GiB
	}
	m := read(t, `{"fields":{"a":1}}`)
	if _, err := m.replaceFields(lend(make([]byte, limitMaxBytes))); reasonOf(err) != ReasonTooLarge {
		t.Errorf("%v", err)
	}
}

// However often the sender wrote a name, the new value is written once, and many names cost no more than their text.
func TestWithOfManyNames(t *testing.T) {
	twins := read(t, `{"fields":{`+strings.Repeat(`"a":1, `, 1000)+`"b":2},"type":"x"}`)
	value := strings.Repeat("v", 1000)
	changed, err := twins.With(slog.String("a", value))
	if want := `{"fields":{"a":"` + value + `", "b":2},"type":"x"}`; err != nil || changed.JSON() != want {
		t.Errorf("%d bytes, %v", len(changed.JSON()), err)
	}

	var many []slog.Attr
	for i := range 1000 {
		many = append(many, slog.Int(strconv.Itoa(i), i))
	}
	m := read(t, `{"type":"x"}`)
	first, err := m.With(many...)
	if err != nil {
		t.Fatal(err)
	}
	again, err := first.With(many...)
	if err != nil || again.JSON() != first.JSON() {
		t.Errorf("%d bytes became %d, %v", len(first.JSON()), len(again.JSON()), err)
	}
}

func TestWithout(t *testing.T) {
	tests := []struct {
		name string
		text string
		path []string
		want string
	}{
		{"the only one", `{"fields": { "a" : 1 } , "type":"a"}`, []string{"a"}, `{"fields": {  } , "type":"a"}`},
		{"first", `{"fields":{"a": 1, "b": 2},"type":"a"}`, []string{"a"}, `{"fields":{"b": 2},"type":"a"}`},
		{"middle", `{"fields":{"a": 1, "b": 2, "c": 3},"type":"a"}`, []string{"b"}, `{"fields":{"a": 1, "c": 3},"type":"a"}`},
		{"last", `{"fields":{"a": 1, "b": 2 },"type":"a"}`, []string{"b"}, `{"fields":{"a": 1 },"type":"a"}`},
		{"twins", `{"fields":{"a":1,"\u0061":2,"b":3,"a":4,"a":5,"c":6,"a":7},"type":"a"}`, []string{"a"}, `{"fields":{"b":3,"c":6},"type":"a"}`},
		{"nothing but twins", `{"fields":{"a":1, "a":2},"type":"a"}`, []string{"a"}, `{"fields":{},"type":"a"}`},
		{"nested", `{"fields":{"a":{"b":1,"c":[{"d":1}]}, "b":2},"type":"a"}`, []string{"a", "b"}, `{"fields":{"a":{"c":[{"d":1}]}, "b":2},"type":"a"}`},
		{"nested in twins", `{"fields":{"a":{"b":1,"c":2},"a":3,"a":{"c":4,"b":5}},"type":"a"}`, []string{"a", "b"}, `{"fields":{"a":{"c":2},"a":3,"a":{"c":4}},"type":"a"}`},
		{"an element", `{"fields":{"a":[ 1, [2, 3], 4 ]},"type":"a"}`, []string{"a", "1"}, `{"fields":{"a":[ 1, 4 ]},"type":"a"}`},
		{"within an element", `{"fields":{"a":[1,{"b":"]"}]},"type":"a"}`, []string{"a", "1", "b"}, `{"fields":{"a":[1,{}]},"type":"a"}`},
		{"fields is an array", `{"fields":[1,2],"type":"a"}`, []string{"0"}, `{"fields":[2],"type":"a"}`},
		{"a name of digits", `{"fields":{"0":1,"1":2},"type":"a"}`, []string{"1"}, `{"fields":{"0":1},"type":"a"}`},
		{"no index", `{"fields":{"a":[1,2]},"type":"a"}`, []string{"a", "01"}, ``},
		{"no such element", `{"fields":{"a":[1,2]},"type":"a"}`, []string{"a", "2"}, ``},
		{"no such name", `{"fields":{"a":{"b":1}},"type":"a"}`, []string{"b"}, ``},
		{"into a scalar", `{"fields":{"a":"b"},"type":"a"}`, []string{"a", "b"}, ``},
		{"no path", `{"fields":{"a":1},"type":"a"}`, nil, ``},
		{"no fields", `{"type":"a"}`, []string{"a"}, ``},
		{"fields null", `{"fields":null,"type":"a"}`, []string{"a"}, ``},
		{"fields text", `{"fields":"a","type":"a"}`, []string{"a"}, ``},
		{"a member is no field", `{"payload":"p","fields":{},"type":"a"}`, []string{"payload"}, ``},
		{"quotes and brackets in texts", `{"fields":{"x":"\\\"},{","a":"\"a\":1,","y":"\\"},"type":"a"}`, []string{"a"}, `{"fields":{"x":"\\\"},{","y":"\\"},"type":"a"}`},
		{"the index behind moves", `{"fields":{"a":1},"logger":"l\n","severity":3}`, []string{"a"}, `{"fields":{},"logger":"l\n","severity":3}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want == "" {
				tt.want = tt.text
			}
			m := read(t, tt.text)
			changed, err := m.Without(tt.path...)
			if err != nil || changed.JSON() != tt.want {
				t.Fatalf("got  %s (%v)\nwant %s", changed.JSON(), err, tt.want)
			}
			checkChanged(t, tt.text, &m, &changed)
		})
	}
}

// A node is a JSON value as the properties below see it: an object's names may repeat.
type node struct {
	open  byte // '{', '[' or 0
	names []string
	inner []node
	text  string
}

func nodes(t *rapid.T, depth int) node {
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	if depth == 0 {
		kind = 0
	}
	if kind > 2 || depth > 3 {
		return node{text: rapid.SampledFrom([]string{`1`, `-0.5e+3`, `"}"`, `"\\"`, `"\",["`, `null`, `true`, `""`}).Draw(t, "scalar")}
	}
	n := node{open: "{{["[kind]}
	for range rapid.IntRange(0, 4).Draw(t, "entries") {
		if n.open == '{' {
			n.names = append(n.names, rapid.SampledFrom([]string{`"a"`, `"\u0061"`, `"b"`, `"c"`, `"0"`, `"\""`}).Draw(t, "name"))
		}
		n.inner = append(n.inner, nodes(t, depth+1))
	}
	return n
}

// write writes n with as many blanks as blank says.
func (n node) write(b []byte, blank func() string) []byte {
	if n.open == 0 {
		return append(b, n.text...)
	}
	b = append(b, n.open)
	b = append(b, blank()...)
	for i, inner := range n.inner {
		if i > 0 {
			b = append(append(b, ','), blank()...)
		}
		if n.open == '{' {
			b = append(append(b, n.names[i]...), blank()...)
			b = append(append(b, ':'), blank()...)
		}
		b = append(inner.write(b, blank), blank()...)
	}
	return append(b, n.open+2) // of { and [
}

func decodedName(name string) (s string) {
	if err := json.Unmarshal([]byte(name), &s); err != nil {
		panic(err)
	}
	return s
}

func (n node) without(path []string) node {
	out := node{open: n.open, text: n.text}
	for i, inner := range n.inner {
		hit := n.open == '[' && path[0] == string(rune('0'+i)) || n.open == '{' && decodedName(n.names[i]) == path[0]
		if hit && len(path) == 1 {
			continue
		}
		if hit {
			inner = inner.without(path[1:])
		}
		if n.open == '{' {
			out.names = append(out.names, n.names[i])
		}
		out.inner = append(out.inner, inner)
	}
	return out
}

func (n node) with(name, value string) node {
	out := node{open: '{', names: slices.Clone(n.names), inner: slices.Clone(n.inner)}
	found := false
	for i := 0; i < len(out.inner); i++ {
		switch {
		case decodedName(out.names[i]) != name:
		case !found:
			out.inner[i], found = node{text: value}, true
		default:
			out.inner, out.names = slices.Delete(out.inner, i, i+1), slices.Delete(out.names, i, i+1)
			i--
		}
	}
	if !found {
		quoted, _ := json.Marshal(name)
		out.names, out.inner = append(out.names, string(quoted)), append(out.inner, node{text: value})
	}
	return out
}

// Without and With do to a text what a plain walk over a tree does, and leave all other bytes, blanks included.
func TestChangesAgainstTree(t *testing.T) {
	none := func() string { return "" }
	rapid.Check(t, func(t *rapid.T) {
		fields := nodes(t, 0)
		blank := func() string { return rapid.SampledFrom([]string{"", "", " ", "   "}).Draw(t, "blank") }
		before, after := `{"type": "a" ,"fields":`+blank(), blank()+`, "x": [1 ], "payload":"\n"}`
		text := before + string(fields.write(nil, blank)) + after
		m := read(t, text)

		check := func(changed Message, err error, want node) {
			if err != nil {
				t.Fatal(err)
			}
			checkChanged(t, text, &m, &changed)
			middle, ok := strings.CutPrefix(changed.JSON(), before)
			middle, ok2 := strings.CutSuffix(middle, after)
			var compact bytes.Buffer
			if err := json.Compact(&compact, []byte(middle)); err != nil || !ok || !ok2 {
				t.Fatalf("%v: %s became %s", err, text, changed.JSON())
			}
			if compact.String() != string(want.write(nil, none)) {
				t.Fatalf("%s became %s", text, changed.JSON())
			}
		}
		path := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "0", "1", `"`}), 1, 3).Draw(t, "path")
		changed, err := m.Without(path...)
		check(changed, err, fields.without(path))
		if v, ok := changed.Field(path...); ok && !hasElement(fields, path) {
			t.Fatalf("%q is still %s in %s", path, v.JSON(), changed.JSON())
		}
		if fields.open == '{' {
			name := rapid.SampledFrom([]string{"a", "c", `"`, "new"}).Draw(t, "name")
			changed, err = m.With(slog.Int(name, 42))
			check(changed, err, fields.with(name, "42"))
		}
	})
}

// hasElement reports whether path may end in an array: there another element takes the place of the one that went.
func hasElement(n node, path []string) bool {
	for i, inner := range n.inner {
		if n.open == '[' && len(path) == 1 {
			return true
		}
		if len(path) > 1 && (n.open == '[' && path[0] == string(rune('0'+i)) || n.open == '{' && decodedName(n.names[i]) == path[0]) && hasElement(inner, path[1:]) {
			return true
		}
	}
	return false
}
