package route

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"pgregory.net/rapid"
)

// A leaf is a named sink that writes what it gets into a log and answers as it is told.
type leaf struct {
	name    string
	log     *[]string
	answer  func(batch []envelope.Message) error
	borrows bool
}

func (l *leaf) Send(_ context.Context, batch []envelope.Message) error {
	var got []string
	for i := range batch {
		got = append(got, batch[i].Payload())
	}
	if l.log != nil {
		*l.log = append(*l.log, l.name+" "+strings.Join(got, ","))
	}
	if l.answer != nil {
		return l.answer(batch)
	}
	return nil
}

func (l *leaf) Borrows() bool { return l.borrows }

func parse(tb testing.TB, text string) envelope.Message {
	tb.Helper()
	m, err := envelope.Parse([]byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// batchOf makes messages of these types, whose payloads are their indexes.
func batchOf(tb testing.TB, types ...string) []envelope.Message {
	tb.Helper()
	batch := make([]envelope.Message, len(types))
	for i, typ := range types {
		batch[i] = parse(tb, fmt.Sprintf(`{"type": %q, "payload": "%d", "severity": %d}`, typ, i, i%8))
	}
	return batch
}

func mustNew(tb testing.TB, rules ...Rule) *Router {
	tb.Helper()
	r, err := New(rules...)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

var (
	errDown   = errors.New("down")
	errPoison = sink.Permanent(errors.New("poison"))
)

// refuse answers err for the messages with these payloads, for all without any.
func refuse(err error, payloads ...string) func([]envelope.Message) error {
	return func(batch []envelope.Message) error {
		if len(payloads) == 0 {
			return err
		}
		var failed []sink.Failure
		for i := range batch {
			if slices.Contains(payloads, batch[i].Payload()) {
				failed = append(failed, sink.Failure{Index: i, Err: err})
			}
		}
		if failed == nil {
			return nil
		}
		return &sink.BatchError{Failed: failed}
	}
}

// Who gets what, in which order, and what Send says.
func TestRouting(t *testing.T) {
	type rule struct {
		name       string
		when       Matcher
		bestEffort bool
		answer     func([]envelope.Message) error
	}
	a, b, c := Type("a"), Type("b"), Type("c")
	tests := []struct {
		name  string
		rules []rule
		types string // of the batch, a letter each
		sent  string // sink and payloads, a Send each
		fail  string // index and error
	}{
		{"one rule", []rule{{name: "x", when: a}}, "aaa", "x 0,1,2", ""},
		{"the zero matcher", []rule{{name: "x"}}, "abc", "x 0,1,2", ""},
		{"one of two", []rule{{name: "x", when: a}, {name: "y", when: b}}, "abab", "x 0,2; y 1,3", ""},
		{"all that match", []rule{{name: "x", when: a}, {name: "y"}, {name: "z", when: Or(a, b)}}, "ab", "x 0; y 0,1; z 0,1", ""},
		{"a run is a run", []rule{{name: "x", when: b}}, "bbb", "x 0,1,2", ""},
		{"a gap", []rule{{name: "x", when: a}, {name: "r", when: Otherwise}}, "aabbab", "x 0,1,4; r 2,3,5", ""},
		{"rules in order", []rule{{name: "z", when: a}, {name: "y", when: a}, {name: "x", when: a}}, "a", "z 0; y 0; x 0", ""},
		{"best effort last", []rule{{name: "x", bestEffort: true}, {name: "y"}, {name: "z", bestEffort: true}, {name: "w"}}, "a", "y 0; w 0; x 0; z 0", ""},
		{"no rule for it", []rule{{name: "x", when: a}}, "ab", "x 0", "1 route: no rule matches"},
		{"no rule for any", []rule{{name: "x", when: a}}, "bc", "", "0 route: no rule matches; 1 route: no rule matches"},
		{"a rule that cannot match", []rule{{name: "x", when: And(a, b)}}, "a", "", "0 route: no rule matches"},
		{"otherwise", []rule{{name: "r", when: Otherwise}, {name: "x", when: a}}, "abc", "r 1,2; x 0", ""},
		{"otherwise twice", []rule{{name: "r", when: Otherwise}, {name: "x", when: a}, {name: "s", when: Otherwise}}, "ab", "r 1; x 0; s 1", ""},
		{"otherwise alone", []rule{{name: "r", when: Otherwise}}, "ab", "r 0,1", ""},
		{"otherwise, all matched", []rule{{name: "r", when: Otherwise}, {name: "x"}}, "ab", "x 0,1", ""},
		{"otherwise, best effort", []rule{{name: "r", when: Otherwise, bestEffort: true}, {name: "x", when: a}}, "ab", "x 0; r 1", ""},
		{"a best effort match is a match", []rule{{name: "x", when: a, bestEffort: true, answer: refuse(errDown)}, {name: "r", when: Otherwise}}, "ab", "r 1; x 0", ""},
		{"an error of all", []rule{{name: "x", answer: refuse(errDown)}}, "ab", "x 0,1", "0 rule x: down; 1 rule x: down"},
		{"an error of one", []rule{{name: "x", answer: refuse(errDown, "1")}}, "aba", "x 0,1,2", "1 rule x: down"},
		{"an error within a gapped batch", []rule{{name: "x", when: a, answer: refuse(errDown, "3")}, {name: "r", when: Otherwise}}, "abba", "x 0,3; r 1,2", "3 rule x: down"},
		{"an error within a run", []rule{{name: "x", when: b, answer: refuse(errDown, "2")}, {name: "r", when: Otherwise}}, "abba", "x 1,2; r 0,3", "2 rule x: down"},
		{"the others go on", []rule{{name: "x", answer: refuse(errDown)}, {name: "y"}}, "a", "x 0; y 0", "0 rule x: down"},
		{"the union of errors", []rule{{name: "x", when: b, answer: refuse(errDown)}, {name: "y", when: a, answer: refuse(errPoison)}}, "abc",
			"x 1; y 0", "0 rule y: poison; 1 rule x: down; 2 route: no rule matches"},
		{"two errors of one", []rule{{name: "x", answer: refuse(errDown, "1")}, {name: "y", answer: refuse(errPoison)}}, "ab",
			"x 0,1; y 0,1", "0 rule y: poison; 1 rule x: down\nrule y: poison"},
		{"best effort errors are no errors", []rule{{name: "x", bestEffort: true, answer: refuse(errDown)}}, "a", "x 0", ""},
		{"a broken sink's error is of all", []rule{{name: "x", answer: func([]envelope.Message) error {
			return &sink.BatchError{Failed: []sink.Failure{{Index: 7, Err: errDown}}}
		}}}, "ab",
			"x 0,1", "0 rule x: sink: message 7 of the batch: down; 1 rule x: sink: message 7 of the batch: down"},
		{"by severity", []rule{{name: "x", when: Severity.Le(envelope.Error)}, {name: "r", when: Otherwise}}, "aaaaaaaaa", "x 0,1,2,3,8; r 4,5,6,7", ""},
		{"by index and condition", []rule{{name: "x", when: And(Or(a, c), Payload.Gt(1))}, {name: "r", when: Otherwise}}, "acac", "x 2,3; r 0,1", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var log []string
			var rules []Rule
			for _, r := range tt.rules {
				rules = append(rules, Rule{r.name, r.when, &leaf{name: r.name, log: &log, answer: r.answer}, r.bestEffort})
			}
			router := mustNew(t, rules...)
			batch := batchOf(t, strings.Split(tt.types, "")...)
			for range 2 { // the second time with used scratch memory
				log = nil
				err := router.Send(context.Background(), batch)
				var failed []string
				for i, e := range sink.Failures(err, len(batch)) {
					failed = append(failed, fmt.Sprintf("%d %v", i, e))
				}
				if got := strings.Join(log, "; "); got != tt.sent {
					t.Errorf("sent %q, want %q", got, tt.sent)
				}
				if got := strings.Join(failed, "; "); got != tt.fail {
					t.Errorf("failed %q, want %q", got, tt.fail)
				}
				for _, next := range append(router.Next(), router) {
					if account := next.(sink.Accounter).Account(); !account.Balanced() {
						t.Errorf("not balanced: %+v", account)
					}
				}
			}
		})
	}
}

// Random types go by random rules to sinks that refuse at random: every message's errors are those of its rules, and all
// accounts add up.
func TestFailuresAreMappedBack(t *testing.T) {
	letters := []string{"a", "b", "c", "d"}
	rapid.Check(t, func(t *rapid.T) {
		types := rapid.SliceOfN(rapid.SampledFrom(letters), 1, 30).Draw(t, "types")
		batch := make([]envelope.Message, len(types))
		for i := range batch {
			batch[i], _ = envelope.Parse(fmt.Appendf(nil, `{"type": %q, "payload": "%d"}`, types[i], i))
		}
		var rules []Rule
		want, routed := make([]string, len(types)), make([]bool, len(types))
		for n := range rapid.IntRange(1, 5).Draw(t, "rules") {
			name := fmt.Sprint("r", n)
			of := rapid.SliceOfNDistinct(rapid.SampledFrom(letters), 1, 4, rapid.ID).Draw(t, "of")
			bad := rapid.SliceOf(rapid.IntRange(0, len(types)-1)).Draw(t, "bad")
			err := errors.New("bad " + name)
			var payloads []string
			for _, i := range bad {
				payloads = append(payloads, fmt.Sprint(i))
			}
			rules = append(rules, Rule{Name: name, When: Type(of...), To: &leaf{answer: refuse(err, append(payloads, "none")...)}})
			for i := range types {
				if slices.Contains(of, types[i]) {
					routed[i] = true
					if slices.Contains(bad, i) {
						want[i] += " bad " + name
					}
				}
			}
		}
		for i := range types {
			if !routed[i] {
				want[i] = " unrouted"
			}
		}
		router, err := New(rules...)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]string, len(types))
		last := -1
		for i, e := range sink.Failures(router.Send(context.Background(), batch), len(batch)) {
			if i <= last {
				t.Fatalf("failure %d after %d", i, last)
			}
			last = i
			if errors.Is(e, ErrUnrouted) {
				got[i] = " unrouted"
				continue
			}
			for _, line := range strings.Split(e.Error(), "\n") {
				got[i] += line[strings.LastIndex(line, " bad"):]
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got  %q\nwant %q", got, want)
		}
		for _, s := range append(router.Next(), router) {
			if a := s.(sink.Accounter).Account(); !a.Balanced() {
				t.Fatalf("%+v", a)
			}
		}
	})
}

// The router does not look at a context: its sinks do.
func TestSinksLookAtTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	first := &waiter{before: cancel}
	second, third := &waiter{patient: true}, &waiter{}
	router := mustNew(t, Rule{Name: "first", To: first}, Rule{Name: "second", When: Type("a"), To: second}, Rule{Name: "third", When: Type("b"), To: third})
	err := router.Send(ctx, batchOf(t, "a", "b", "b"))
	var failed []int
	for i, e := range sink.Failures(err, 3) {
		failed = append(failed, i)
		if !errors.Is(e, context.Canceled) {
			t.Error(e)
		}
	}
	if !slices.Equal(failed, []int{1, 2}) || first.got != 3 || second.got != 1 || third.got != 0 {
		t.Errorf("failed %v; got %d, %d, %d", failed, first.got, second.got, third.got)
	}
}

// A waiter refuses when ctx has ended, unless it is patient.
type waiter struct {
	before  func()
	patient bool
	got     int
}

func (w *waiter) Send(ctx context.Context, batch []envelope.Message) error {
	if err := ctx.Err(); err != nil && !w.patient {
		return err
	}
	if w.before != nil {
		w.before()
	}
	w.got += len(batch)
	return nil
}

func TestErrorsKeepTheirNature(t *testing.T) {
	later := sink.RetryAfter(errDown, time.Minute)
	router := mustNew(t,
		Rule{Name: "x", When: Type("a", "b"), To: &leaf{answer: refuse(errPoison)}},
		Rule{Name: "y", When: Type("b", "c"), To: &leaf{answer: refuse(later)}})
	err := router.Send(context.Background(), batchOf(t, "a", "b", "c", "d"))
	want := []struct {
		permanent bool
		delay     time.Duration
		is        error
	}{{true, 0, errPoison}, {false, time.Minute, errPoison}, {false, time.Minute, errDown}, {true, 0, ErrUnrouted}}
	n := 0
	for i, e := range sink.Failures(err, 4) {
		n++
		if sink.IsPermanent(e) != want[i].permanent || sink.RetryDelay(e) != want[i].delay || !errors.Is(e, want[i].is) {
			t.Errorf("%d: %v: permanent %v, delay %v", i, e, sink.IsPermanent(e), sink.RetryDelay(e))
		}
	}
	if n != 4 {
		t.Errorf("%d failures: %v", n, err)
	}
}

func TestAccounts(t *testing.T) {
	router := mustNew(t,
		Rule{Name: "stats", When: Type("a", "b"), To: &leaf{answer: refuse(errDown, "0", "1")}, BestEffort: true},
		Rule{Name: "errors", When: Type("b"), To: &leaf{answer: refuse(errPoison, "1")}},
		Rule{Name: "rest", When: Otherwise, To: sink.Discard})
	_ = router.Send(context.Background(), batchOf(t, "a", "b", "b", "c"))
	want := []string{
		"rule stats -> *route.leaf: offered 3 done 1 refused 0 dropped map[besteffort:2]",
		"rule errors -> *route.leaf: offered 2 done 1 refused 1 dropped map[]",
		"rule rest -> sink.discard: offered 1 done 1 refused 0 dropped map[]",
		"router -> stats, errors, rest: offered 4 done 3 refused 1 dropped map[]",
	}
	var got []string
	for _, s := range append(router.Next(), router) {
		a := s.(sink.Accounter).Account()
		got = append(got, fmt.Sprintf("%s: offered %d done %d refused %d dropped %v", a.Name, a.Offered, a.Done, a.Refused, a.Dropped))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	if err := router.Next()[0].(sink.Accounter).Account().LastError; !errors.Is(err, errDown) {
		t.Errorf("the last error of a BestEffort rule is %v", err)
	}
}

func TestNextLeadsThroughRulesToSinks(t *testing.T) {
	x, y := &leaf{borrows: true}, &leaf{}
	router := mustNew(t, Rule{Name: "y", To: y, BestEffort: true}, Rule{Name: "x", To: x})
	next := router.Next()
	if len(next) != 2 || next[0].(sink.Wrapper).Next()[0] != y || next[1].(sink.Wrapper).Next()[0] != x {
		t.Fatalf("Next is %v", next)
	}
	if sink.Borrows(next[0]) || !sink.Borrows(next[1]) {
		t.Error("a rule borrows as its sink does")
	}
	if again := router.Next(); !slices.Equal(again, next) {
		t.Error("Next is other sinks each time")
	}
}

func TestNewRefuses(t *testing.T) {
	ok := sink.Discard
	tests := []struct {
		name  string
		rules []Rule
		want  string
	}{
		{"no rules", nil, "route: no rule"},
		{"no name", []Rule{{To: ok}}, "route: rule 0 has no name"},
		{"a nil sink", []Rule{{Name: "x"}}, `route: rule "x": To is nil`},
		{"a typed nil sink", []Rule{{Name: "x", To: (*leaf)(nil)}}, `route: rule "x": To is nil`},
		{"a name twice", []Rule{{Name: "x", To: ok}, {Name: "y", To: ok}, {Name: "x", To: ok}}, `route: rule "x": the name is taken`},
		{"a line in a name", []Rule{{Name: "x\ny", To: ok}}, `route: rule "x\ny": the name is too long or not printable`},
		{"invalid UTF-8 in a name", []Rule{{Name: "x\xff", To: ok}}, `route: rule "x\xff": the name is too long or not printable`},
		{"a long name", []Rule{{Name: strings.Repeat("x", 129), To: ok}}, "the name is too long or not printable"},
		{"a bad expression", []Rule{{Name: "x", When: Payload.Matches("("), To: ok}}, `route: rule "x": Payload: error parsing regexp: missing closing ): ` + "`(`"},
		{"a bad expression within", []Rule{{Name: "x", When: Not(And(Type("a"), Payload.Matches("["))), To: ok}}, `rule "x": Payload: error parsing regexp`},
		{"a bad expression with quotes", []Rule{{Name: "x", When: Payload.Matches(`\Q(\E(`), To: ok}}, `rule "x": Payload: error parsing regexp: missing closing )`},
		{"otherwise within", []Rule{{Name: "x", When: And(Type("a"), Otherwise), To: ok}}, `route: rule "x": Otherwise does not stand alone`},
		{"not otherwise", []Rule{{Name: "x", When: Not(Otherwise), To: ok}}, `route: rule "x": Otherwise does not stand alone`},
		{"type of none", []Rule{{Name: "x", When: Type(), To: ok}}, `route: rule "x": Type needs a value`},
		{"in of none", []Rule{{Name: "x", When: Payload.In(), To: ok}}, `route: rule "x": Payload: in needs a string`},
		{"a func without a name", []Rule{{Name: "x", When: Func("", func(*envelope.Message) bool { return true }), To: ok}}, `rule "x": Func needs a name and a function`},
		{"a func without a function", []Rule{{Name: "x", When: Func("f", nil), To: ok}}, `rule "x": Func needs a name and a function`},
		{"no path", []Rule{{Name: "x", When: Path("Paylod").Eq("a"), To: ok}}, `rule "x": path "Paylod": nothing is called Paylod at offset 0`},
		{"more than a path", []Rule{{Name: "x", When: Path("Type == 'a'").Eq("a"), To: ok}}, `path "Type == 'a'": this is more than a path`},
		{"nothing to compare with", []Rule{{Name: "x", When: Payload.Eq([]int{1}), To: ok}}, `rule "x": Payload: no message holds a []int to compare with`},
		{"NaN", []Rule{{Name: "x", When: Payload.Eq(nan()), To: ok}}, `rule "x": Payload: NaN is no number that JSON has`},
		{"an order of NIL", []Rule{{Name: "x", When: Payload.Lt(nil), To: ok}}, `rule "x": Payload: NIL, TRUE and FALSE go with == and != only`},
		{"another's severity", []Rule{{Name: "x", When: Payload.Lt(envelope.Error), To: ok}}, `rule "x": Payload: only Severity compares with a severity`},
		{"invalid UTF-8", []Rule{{Name: "x", When: Type("\xff"), To: ok}}, `rule "x": Type: a string is not valid UTF-8`},
		{"invalid UTF-8 in a step", []Rule{{Name: "x", When: Field("\xff").Eq(1), To: ok}}, `this is not valid UTF-8`},
		{"several", []Rule{{Name: "x"}, {Name: "y"}}, "route: rule \"x\": To is nil\nrule \"y\": To is nil"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := New(tt.rules...)
			if err == nil || r != nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New: %v, %v, want %q", r, err, tt.want)
			}
		})
	}
}

func TestRulesAreCopied(t *testing.T) {
	rules := []Rule{{Name: "x", When: Type("a"), To: sink.Discard}}
	router := mustNew(t, rules...)
	rules[0].Name = "changed"
	m := batchOf(t, "a")
	if v := router.Explain(&m[0]); v[0].Rule != "x" {
		t.Errorf("the rule is %+v", v)
	}
}

// A nested router, and many goroutines at once, do not mix up their memory.
func TestConcurrentAndNestedSend(t *testing.T) {
	var mu sync.Mutex
	total := map[string]int{}
	count := func(name string) sink.Sink {
		return &leaf{answer: func(batch []envelope.Message) error {
			mu.Lock()
			defer mu.Unlock()
			for i := range batch {
				total[name+batch[i].Type()]++
			}
			return nil
		}}
	}
	inner := mustNew(t, Rule{Name: "a", When: Type("a"), To: count("inner ")}, Rule{Name: "rest", When: Otherwise, To: count("rest ")})
	outer := mustNew(t, Rule{Name: "ab", When: Type("a", "b"), To: inner}, Rule{Name: "c", When: Type("c"), To: count("c ")})
	batch := batchOf(t, "a", "c", "b", "a", "c", "c", "a")
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for range 50 {
				if err := outer.Send(context.Background(), batch); err != nil {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
	if got := fmt.Sprint(total); got != "map[c c:600 inner a:600 rest b:200]" {
		t.Error(got)
	}
}

// An account's name stays short, however many rules there are.
func TestAccountNamesFewRules(t *testing.T) {
	router := mustNew(t, manyRules(10, sink.Discard)...)
	if got, want := router.Account().Name, "router -> severe, 0, 1, 2, 3, 4, 5, 6, 2 more"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
