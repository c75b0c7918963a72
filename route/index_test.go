package route

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// found returns the names of the rules that the program considers for m, and of those that it still tests something of.
func found(r *Router, m *envelope.Message) (considered, tested []string) {
	p := r.program.Load()
	var l lookup
	for _, cs := range l.of(p, m) {
		for _, c := range cs[m.Severity().Code()] {
			considered = append(considered, p.branches[c.branch].rule)
			if c.when != nil {
				tested = append(tested, p.branches[c.branch].rule)
			}
		}
	}
	slices.Sort(considered)
	return considered, tested
}

// Compiling an Or of many tests takes memory, and so time, in proportion to their number.
func TestIndexOfManyTests(t *testing.T) {
	compiled := func(n int) uint64 {
		ms := make([]Matcher, n)
		for i := range ms {
			ms[i] = Type(fmt.Sprint(i))
		}
		either := Or(ms...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r := mustNew(t, Rule{Name: "x", When: either, To: sink.Discard})
		runtime.ReadMemStats(&after)
		if len(r.program.Load().byType) != n {
			t.Errorf("%d types of %d are indexed", len(r.program.Load().byType), n)
		}
		return after.TotalAlloc - before.TotalAlloc
	}
	if small, large := compiled(500), compiled(4000); large > 16*small {
		t.Errorf("%d bytes for 500 tests, %d for 4000", small, large)
	}
}

func TestIndex(t *testing.T) {
	const m = `{"type": "t", "logger": "l", "severity": 3}`
	tests := []struct {
		when               string
		considered, tested bool
	}{
		{"TRUE", true, false},
		{"FALSE", false, false},
		{"Type == 't'", true, false},
		{"Type == 'x'", false, false},
		{"Type in ('x', 't')", true, false},
		{"Logger == 'l'", true, false},
		{"Logger == 'x'", false, false},
		{"Type == 't' && Logger == 'l' && Severity <= Error", true, false},
		{"Type == 't' && Logger == 'x'", false, false},
		{"Type == 't' && Severity == Info", false, false},
		{"Severity < Error", false, false},
		{"!(Severity < Error)", true, false},
		{"Severity == Error || Severity == Info", true, false},
		{"Severity == 'Error'", false, false},
		{"Severity != NIL", true, false},
		{"Type == 'x' || Type == 't'", true, false},
		{"Type == 'x' || Logger == 'x'", true, true},
		{"Type == 'a' && Type == 'b' || Logger == 'x'", false, false},
		{"(Type == 'x' || Type == 'y') && TRUE", false, false},
		{"Type == 'x' && Payload == 'a' || Type == 'y' && Payload == 'b'", false, false},
		{"Type == 't' && Payload == 'a' || Type == 'y' && Payload == 'b'", true, true},
		{"!(Type != 't' || Logger != 'l')", true, false},
		{"!(Type != 't' || Logger != 'x')", false, false},
		{"Type != 'x'", true, true},
		{"Type == NIL", false, false},
		{"Type ^= 't' && Logger == 'x'", false, false},
		{"Type == 't' && Fields[a] == 1", true, true},
		{"Type == 'x' && Fields[a] == 1", false, false},
		{"Payload == TRUE", false, false},
		{"Payload != TRUE", true, false},
		{"Hostname == 5 || Logger == 'x'", false, false},
	}
	message := parse(t, m)
	for _, tt := range tests {
		t.Run(tt.when, func(t *testing.T) {
			considered, tested := found(mustNew(t, Rule{Name: "x", When: MustParse(tt.when), To: sink.Discard}), &message)
			if (len(considered) == 1) != tt.considered || (len(tested) == 1) != tt.tested {
				t.Errorf("considered %v, tested %v", considered, tested)
			}
		})
	}
}

// The last lookup is taken again for messages of one type and one logger only.
func TestLookupsAreNotMixedUp(t *testing.T) {
	router := mustNew(t, Rule{Name: "x", When: Logger("x"), To: sink.Discard}, Rule{Name: "y", When: Type("y"), To: sink.Discard})
	var l lookup
	for _, step := range []struct {
		typ, logger string
		want        int
	}{{"", "", 0}, {"y", "x", 2}, {"y", "y", 1}, {"x", "y", 0}, {"x", "x", 1}, {"x", "x", 1}, {"y", "x", 2}} {
		m := parse(t, fmt.Sprintf(`{"type": %q, "logger": %q}`, step.typ, step.logger))
		if got := len(l.of(router.program.Load(), &m)); got != step.want {
			t.Errorf("%+v: %d", step, got)
		}
	}
}

// However many rules there are, only those that may match are looked at.
func TestRulesThatCannotMatchAreNotLookedAt(t *testing.T) {
	var rules []Rule
	for i := range 300 {
		n := fmt.Sprint(i)
		rules = append(rules,
			Rule{Name: "t" + n, When: Type("t" + n), To: sink.Discard},
			Rule{Name: "l" + n, When: Logger("l" + n), To: sink.Discard},
			Rule{Name: "tl" + n, When: And(Type("t7"), Logger("l"+n)), To: sink.Discard},
			Rule{Name: "f" + n, When: And(Type("t"+n), Severity.Le(envelope.Error), Func("f", func(m *envelope.Message) bool {
				if m.Type() != "t"+n || m.Severity() > envelope.Error {
					t.Errorf("f%s is asked about %s", n, m.JSON())
				}
				return false
			})), To: sink.Discard})
	}
	router := mustNew(t, rules...)
	tests := map[string][]string{
		`{"type": "t7", "logger": "l9", "severity": 6}`:  {"l9", "t7", "tl9"},
		`{"type": "t7", "logger": "l7", "severity": 3}`:  {"f7", "l7", "t7", "tl7"},
		`{"type": "t8", "logger": "l8", "severity": 0}`:  {"f8", "l8", "t8"},
		`{"type": "t8", "logger": "none"}`:               {"t8"},
		`{"type": "\u00748", "logger": "\u006c8"}`:       {"l8", "t8"},
		`{"type": "none", "logger": "none"}`:             nil,
		`{"type": 5, "logger": null}`:                    nil,
		`{"type": "t299", "logger": "l0", "severity":7}`: {"l0", "t299"},
	}
	for text, want := range tests {
		m := parse(t, text)
		if considered, _ := found(router, &m); !slices.Equal(considered, want) {
			t.Errorf("%s: considered %v, want %v", text, considered, want)
		}
		_ = router.Send(context.Background(), []envelope.Message{m})
	}
}

// A rule of many types and many loggers does not fill the memory with their pairs.
func TestPairsAreBounded(t *testing.T) {
	var names []string
	for i := range 1000 {
		names = append(names, fmt.Sprint(i))
	}
	router := mustNew(t, Rule{Name: "x", When: And(Type(names...), Logger(names...)), To: sink.Discard})
	for _, of := range router.program.Load().byType {
		if len(of.byLogger) > 1 {
			t.Fatalf("%d loggers under one type", len(of.byLogger))
		}
	}
	yes, no := parse(t, `{"type": "5", "logger": "999"}`), parse(t, `{"type": "5", "logger": "1000"}`)
	if err := router.Send(context.Background(), []envelope.Message{yes, no}); router.Account().Done != 1 {
		t.Errorf("%v, %+v", err, router.Account())
	}
}
