package route

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"pgregory.net/rapid"
)

// Random rules, as combinators, as text and as printed text, get from a compiled router what a naive evaluator says they
// should, message by message and in order.
func TestRulesMatchAsTheNaiveEvaluator(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		specs := rapid.SliceOfN(drawSpec(3), 1, 6).Draw(t, "specs")
		var rules []Rule
		var got []*recorder
		add := func(when Matcher) {
			r := &recorder{}
			rules = append(rules, Rule{Name: strconv.Itoa(len(rules)), When: when, To: r, BestEffort: len(rules)%5 == 4})
			got = append(got, r)
		}
		for _, s := range specs {
			built := s.build()
			parsed, err := Parse(s.text())
			if err != nil {
				t.Fatalf("%s: %v", s.text(), err)
			}
			again, err := Parse(parsed.String())
			if err != nil {
				t.Fatalf("%s, printed as %s: %v", s.text(), parsed, err)
			}
			for _, m := range []Matcher{parsed, again} {
				if !reflect.DeepEqual(m, built) {
					t.Fatalf("%s is\n%s from text and\n%s from combinators", s.text(), m, built)
				}
			}
			add(built)
		}
		otherwise := rapid.Bool().Draw(t, "otherwise")
		if otherwise {
			add(Otherwise)
		}
		router, err := New(rules...)
		if err != nil {
			t.Fatal(err)
		}
		texts := rapid.SliceOfN(drawMessage(), 1, 12).Draw(t, "messages")
		batch := make([]envelope.Message, len(texts))
		for i, text := range texts {
			if batch[i], err = envelope.Parse([]byte(text)); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			batch[i] = batch[i].WithMeta(envelope.Meta{Origin: origins[i%len(origins)]})
		}
		err = router.Send(context.Background(), batch)
		refused := map[int]error{}
		for i, e := range sink.Failures(err, len(batch)) {
			refused[i] = e
		}
		want := make([][]string, len(rules))
		for i, text := range texts {
			n := newNaive(text, origins[i%len(origins)])
			told := make([]bool, len(rules))
			for at, s := range specs {
				told[at] = n.matches(s)
			}
			unrouted := !slices.Contains(told, true)
			if otherwise {
				told[len(specs)], unrouted = unrouted, false
			}
			if errors.Is(refused[i], ErrUnrouted) != unrouted {
				t.Fatalf("%s: refused with %v", text, refused[i])
			}
			for at, v := range router.Explain(&batch[i]) {
				if told[at] {
					want[at] = append(want[at], batch[i].JSON())
				}
				if v.Matched != told[at] {
					t.Fatalf("%s: Explain says %+v", text, v)
				}
			}
		}
		for at := range rules {
			if !slices.Equal(got[at].texts, want[at]) {
				t.Fatalf("%s\ngot  %q\nwant %q", rules[at].When, got[at].texts, want[at])
			}
		}
	})
}

// A matcher that Check calls impossible matches nothing, and one whose negation is matches everything.
func TestImpossibleMatchersMatchNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSpec(3).Draw(t, "spec")
		n := s.build().node()
		never, always := n.impossible(false), n.impossible(true)
		for _, text := range rapid.SliceOfN(drawMessage(), 20, 20).Draw(t, "messages") {
			matched := newNaive(text, "").matches(s)
			if matched && never || !matched && always {
				t.Fatalf("%s matches %s: %v", s.text(), text, matched)
			}
		}
	})
}

// recorder keeps the text of what it gets.
type recorder struct{ texts []string }

func (r *recorder) Send(_ context.Context, batch []envelope.Message) error {
	for i := range batch {
		r.texts = append(r.texts, batch[i].JSON())
	}
	return nil
}

var (
	origins   = []string{"", "udp 10.0.0.1", "x"}
	words     = []string{"", "timer", "counter", "cef", "a'b", `x\y`, `"`, "é", "tim", "5", "1e1", "a/b", "😀", "null", "-0"}
	names     = []string{"a", "b", "b c", "0", "1", "é", "]", `'`}
	numbers   = []string{"0", "-0", "0.0", "1", "1.0", "1e0", "10", "1E1", "0.1", "1e-1", "5", "-5", "100.50", "1e30", "9007199254740993", "9007199254740992.0", "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551614", "1e-30"}
	numerals  = []any{int64(0), int64(1), int64(5), int64(-5), int64(10), 0.1, 1e30, 100.5, 9007199254740992.0, int64(9007199254740993), int64(math.MaxInt64), uint64(math.MaxUint64), uint64(1 << 63), 1e-30}
	patterns  = []string{"", "t", "^tim", "r$", `\d`, `a/b`, `^\\/?`, `(?i)CEF|é`, `[/]`}
	orderings = []string{"==", "!=", "<", "<=", ">", ">="}
)

func drawSpec(depth int) *rapid.Generator[spec] {
	return rapid.Custom(func(t *rapid.T) spec {
		if depth == 0 {
			return drawTest(t)
		}
		switch rapid.IntRange(0, 9).Draw(t, "kind") {
		case 0, 1:
			return spec{op: "and", kids: rapid.SliceOfN(drawSpec(depth-1), 2, 3).Draw(t, "kids")}
		case 2, 3:
			return spec{op: "or", kids: rapid.SliceOfN(drawSpec(depth-1), 2, 3).Draw(t, "kids")}
		case 4:
			return spec{op: "not", kids: []spec{drawSpec(depth-1).Draw(t, "kid")}}
		case 5:
			return spec{op: rapid.SampledFrom([]string{"true", "false"}).Draw(t, "constant")}
		}
		return drawTest(t)
	})
}

func drawTest(t *rapid.T) spec {
	s := spec{member: rapid.SampledFrom([]string{"Type", "Type", "Type", "Logger", "Logger", "Severity", "Severity", "Payload",
		"Payload", "Hostname", "Pid", "EnvVersion", "Origin", "Fields", "Fields", "Fields", "Fields"}).Draw(t, "member")}
	if s.member == "Fields" {
		s.steps = rapid.SliceOfN(rapid.SampledFrom(names), 0, 3).Draw(t, "steps")
		if len(s.steps) == 0 {
			s.steps = nil
		}
	}
	word := rapid.SampledFrom(words)
	if s.member == "Type" || s.member == "Logger" {
		word = rapid.SampledFrom(words[:4])
	}
	ordering := rapid.SampledFrom(orderings).Draw(t, "ordering")
	switch rapid.IntRange(0, 9).Draw(t, "test") {
	case 0:
		s.op, s.value = rapid.SampledFrom(orderings[:2]).Draw(t, "equality"), nil
	case 1:
		s.op, s.value = rapid.SampledFrom(orderings[:2]).Draw(t, "equality"), rapid.Bool().Draw(t, "bool")
	case 2:
		s.op, s.value = rapid.SampledFrom([]string{"=~", "!~"}).Draw(t, "match"), rapid.SampledFrom(patterns).Draw(t, "pattern")
	case 3:
		s.op, s.value = "^=", word.Draw(t, "prefix")
	case 4:
		s.op, s.value = "in", rapid.SliceOfN(word, 1, 12).Draw(t, "strings")
	case 5, 6:
		s.op, s.value = ordering, rapid.SampledFrom(numerals).Draw(t, "number")
	default:
		s.op, s.value = ordering, word.Draw(t, "string")
	}
	if s.member == "Severity" && rapid.Bool().Draw(t, "named") {
		s.op, s.value = ordering, envelope.Severity(rapid.IntRange(-6, 1).Draw(t, "severity"))
	}
	return s
}

// drawMessage draws the JSON of an envelope, in which members may be missing, null or of an odd kind, and letters escaped.
func drawMessage() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		var members []string
		add := func(name string, of *rapid.Generator[string]) {
			if rapid.IntRange(0, 4).Draw(t, name+"?") > 0 {
				members = append(members, drawString(name).Draw(t, "name")+": "+of.Draw(t, name))
			}
		}
		text := rapid.OneOf(drawWord(), drawWord(), drawWord(), rapid.SampledFrom([]string{"null", "5", "true"}))
		kind := rapid.OneOf(rapid.SampledFrom([]string{`"timer"`, `"cef"`, `""`, `"counter"`}), text)
		add("type", kind)
		add("logger", kind)
		add("severity", rapid.SampledFrom([]string{"0", "3", "6", "7", `"4"`, "null", "9"}))
		add("payload", drawJSON(1))
		add("fields", drawJSON(3))
		add("metlog_hostname", text)
		add("metlog_pid", rapid.SampledFrom([]string{"5", "10", `"10"`, "null", "1.0", `"x"`}))
		add("env_version", rapid.Just(`"0.8"`))
		return "{" + strings.Join(rapid.Permutation(members).Draw(t, "order"), ", ") + "}"
	})
}

func drawWord() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return drawString(rapid.SampledFrom(words).Draw(t, "word")).Draw(t, "text")
	})
}

// drawString draws one of the ways to write s in JSON.
func drawString(s string) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		escape := rapid.IntRange(0, 3).Draw(t, "escape") == 0
		var b strings.Builder
		for _, r := range s {
			switch {
			case escape:
				for _, u := range utf16.Encode([]rune{r}) {
					fmt.Fprintf(&b, `\u%04x`, u)
				}
			case r == '"' || r == '\\':
				b.WriteString(`\` + string(r))
			default:
				b.WriteRune(r)
			}
		}
		return `"` + b.String() + `"`
	})
}

func drawJSON(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		kind := rapid.IntRange(0, 9).Draw(t, "kind")
		if depth > 0 && kind < 6 {
			values := rapid.SliceOfN(drawJSON(depth-1), 0, 4).Draw(t, "values")
			if kind == 0 {
				return "[" + strings.Join(values, ", ") + "]"
			}
			for i := range values {
				values[i] = drawString(rapid.SampledFrom(names).Draw(t, "key")).Draw(t, "key") + ": " + values[i]
			}
			return "{" + strings.Join(values, ", ") + "}"
		}
		switch kind {
		case 6:
			return rapid.SampledFrom([]string{"null", "true", "false"}).Draw(t, "constant")
		case 7, 8:
			return rapid.SampledFrom(numbers).Draw(t, "number")
		}
		return drawWord().Draw(t, "word")
	})
}
