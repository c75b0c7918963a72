package slogsource

import (
	"encoding/json"
	"log/slog"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/mozilla-services/metlog-go/internal/bridgetest"
)

// A model is what a logger's attributes amount to.
type model struct {
	root   map[string]any
	path   []string // of the group that is open and has attributes
	opened []string // since
}

// set sets attributes in the group that is open.
func (m *model) set(attrs []slog.Attr) {
	at := m.root
	for _, name := range m.path {
		at = at[name].(map[string]any)
	}
	if len(attrs) == 0 {
		return
	}
	for _, name := range m.opened {
		inner := make(map[string]any)
		at[name] = inner
		at = inner
	}
	m.path, m.opened = append(m.path[:len(m.path):len(m.path)], m.opened...), nil
	setAll(at, attrs)
}

func setAll(at map[string]any, attrs []slog.Attr) {
	for _, a := range attrs {
		switch {
		case a.Value.Kind() != slog.KindGroup:
			at[a.Key] = float64(a.Value.Int64())
		case a.Key == "":
			setAll(at, a.Value.Group())
		default:
			inner := make(map[string]any)
			setAll(inner, a.Value.Group())
			at[a.Key] = inner
		}
	}
}

func (m *model) clone() *model {
	text, err := json.Marshal(m.root)
	if err != nil {
		panic(err)
	}
	c := &model{path: m.path, opened: m.opened}
	if err := json.Unmarshal(text, &c.root); err != nil {
		panic(err)
	}
	return c
}

// However a logger was made, its records have the fields that its attributes amount to, and no name twice.
func TestModel(t *testing.T) {
	name := rapid.SampledFrom([]string{"a", "b", "g", "h", "\n", "é"})
	number := rapid.IntRange(0, 99)
	attr := rapid.Custom(func(t *rapid.T) slog.Attr {
		switch key := name.Draw(t, "key"); rapid.IntRange(0, 4).Draw(t, "kind") {
		case 0:
			return slog.Group(key, slog.Int(name.Draw(t, "inner"), number.Draw(t, "n")))
		case 1:
			return slog.Group("", slog.Int(key, number.Draw(t, "n")), slog.Int(name.Draw(t, "inlined"), number.Draw(t, "n")))
		default:
			return slog.Int(key, number.Draw(t, "n"))
		}
	})
	attrs := rapid.SliceOfN(attr, 0, 4)
	b := bridgetest.New(t)
	rapid.Check(t, func(rt *rapid.T) {
		var h slog.Handler = New(b.Client, nil)
		m := &model{root: make(map[string]any)}
		for range rapid.IntRange(0, 6).Draw(rt, "steps") {
			if rapid.Bool().Draw(rt, "group") {
				group := name.Draw(rt, "group's name")
				h, m.opened = h.WithGroup(group), append(m.opened[:len(m.opened):len(m.opened)], group)
			} else {
				list := attrs.Draw(rt, "with")
				h = h.WithAttrs(list)
				m.set(list)
			}
		}
		for range 2 {
			list := attrs.Draw(rt, "record")
			slog.New(h).LogAttrs(t.Context(), slog.LevelInfo, "m", list...)
			want := m.clone()
			want.set(list)
			sent := b.One()
			var got map[string]any
			if err := json.Unmarshal([]byte(bridgetest.Fields(sent)), &got); err != nil || !reflect.DeepEqual(got, want.root) {
				rt.Fatalf("%v: fields are %s, want %v", err, bridgetest.Fields(sent), want.root)
			}
		}
	})
}
