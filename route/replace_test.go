package route

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

func offered(r *Router) (accounts []string) {
	for _, s := range r.Next() {
		a := s.(sink.Accounter).Account()
		accounts = append(accounts, fmt.Sprintf("%s %d", strings.Fields(a.Name)[1], a.Offered))
	}
	return accounts
}

func TestReplace(t *testing.T) {
	var log []string
	x, y := &leaf{name: "x", log: &log}, &leaf{name: "y", log: &log}
	router := mustNew(t, Rule{Name: "one", When: Type("a"), To: x}, Rule{Name: "two", To: y})
	send := func() {
		log = nil
		if err := router.Send(context.Background(), batchOf(t, "a", "b")); err != nil {
			t.Fatal(err)
		}
	}
	steps := []struct {
		name     string
		rules    []Rule
		log      string
		accounts string
	}{
		{"as it was", nil, "x 0; y 0,1", "one 1, two 2"},
		{"another order and expression", []Rule{{Name: "two", To: y}, {Name: "one", When: Type("b"), To: x}}, "y 0,1; x 1", "two 4, one 2"},
		{"one is gone", []Rule{{Name: "two", To: y}}, "y 0,1", "two 6, one 2"},
		{"one is back", []Rule{{Name: "one", When: Type("a"), To: x}, {Name: "two", To: y}}, "x 0; y 0,1", "one 3, two 8"},
		{"another sink", []Rule{{Name: "one", To: y}}, "y 0,1", "one 2, one 3, two 8"},
		{"another effort", []Rule{{Name: "one", To: y, BestEffort: true}}, "y 0,1", "one 2, one 2, one 3, two 8"},
	}
	for _, step := range steps {
		if step.rules != nil {
			if err := router.Replace(step.rules...); err != nil {
				t.Fatal(err)
			}
		}
		send()
		if got := strings.Join(log, "; "); got != step.log {
			t.Errorf("%s: sent %q, want %q", step.name, got, step.log)
		}
		if got := strings.Join(offered(router), ", "); got != step.accounts {
			t.Errorf("%s: offered %q, want %q", step.name, got, step.accounts)
		}
	}
	if a := router.Account(); a.Offered != 12 || a.Done != 12 {
		t.Errorf("the router's account: %+v", a)
	}
}

// A handler is a sink that cannot be compared with another.
type handler func([]envelope.Message)

func (h handler) Send(_ context.Context, batch []envelope.Message) error {
	h(batch)
	return nil
}

func TestReplaceOfFuncs(t *testing.T) {
	var first, second int
	router := mustNew(t, Rule{Name: "x", To: handler(func(batch []envelope.Message) { first += len(batch) })})
	send := func() {
		if err := router.Send(context.Background(), batchOf(t, "a", "b")); err != nil {
			t.Fatal(err)
		}
	}
	send()
	if err := router.Replace(Rule{Name: "x", To: handler(func(batch []envelope.Message) { second += len(batch) })}); err != nil {
		t.Fatal(err)
	}
	send()
	if first != 2 || second != 2 || !slices.Equal(offered(router), []string{"x 2", "x 2"}) {
		t.Errorf("the first got %d, the second %d: %v", first, second, offered(router))
	}
}

func TestReplaceRefuses(t *testing.T) {
	plain := &leaf{}
	router := mustNew(t, Rule{Name: "x", To: plain})
	nested := mustNew(t, Rule{Name: "back", To: router})
	tests := []struct {
		name string
		rule Rule
		want string
	}{
		{"what New refuses", Rule{Name: "y"}, `route: Replace: rule "y": To is nil`},
		{"itself", Rule{Name: "y", To: router}, `route: Replace: rule "y": To leads back to this router`},
		{"itself, behind others", Rule{Name: "y", To: sink.Tee(plain, nested)}, `route: Replace: rule "y": To leads back to this router`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := router.Replace(tt.rule); err == nil || err.Error() != tt.want {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if got := offered(router); !slices.Equal(got, []string{"x 0"}) {
				t.Errorf("the rules are %v", got)
			}
		})
	}
}

// A sink that is reached by two ways is no circle.
func TestReplaceByDiamond(t *testing.T) {
	router, shared := mustNew(t, Rule{Name: "x", To: &leaf{}}), &leaf{}
	both := sink.Tee(sink.Filter(shared, func(*envelope.Message) bool { return true }), shared)
	if err := router.Replace(Rule{Name: "x", To: both}); err != nil {
		t.Error(err)
	}
}

func TestBorrowsIsTheAND(t *testing.T) {
	yes, no := &leaf{borrows: true}, &leaf{}
	if r := mustNew(t, Rule{Name: "x", To: yes}, Rule{Name: "y", To: no, BestEffort: true}); r.Borrows() {
		t.Error("it borrows although one does not")
	}
	r := mustNew(t, Rule{Name: "x", To: yes}, Rule{Name: "y", To: yes})
	if !r.Borrows() {
		t.Error("it does not borrow although all do")
	}
	if err := r.Replace(Rule{Name: "x", To: no}); err == nil || !r.Borrows() {
		t.Errorf("Replace: %v", err)
	}
}

// A router that has never said that nothing is kept goes on saying so when nothing is kept any more.
func TestReplaceByBorrowersOnly(t *testing.T) {
	r := mustNew(t, Rule{Name: "x", To: &leaf{}})
	if err := r.Replace(Rule{Name: "x", To: &leaf{borrows: true}}); err != nil || r.Borrows() {
		t.Errorf("Replace: %v, Borrows: %v", err, r.Borrows())
	}
}

// While rules are replaced, every message goes by the old or by the new ones, and all accounts add up in the end.
func TestReplaceWhileSending(t *testing.T) {
	const sends = 200
	batch := batchOf(t, "a", "b", "a")
	var mu sync.Mutex
	got := map[string]int{}
	count := func(name string) *leaf {
		return &leaf{answer: func(batch []envelope.Message) error {
			mu.Lock()
			defer mu.Unlock()
			got[name] += len(batch)
			return nil
		}}
	}
	x, y := count("x"), count("y")
	sets := [][]Rule{
		{{Name: "all", To: x}},
		{{Name: "a", When: Type("a"), To: y}, {Name: "rest", When: Otherwise, To: x}},
	}
	router := mustNew(t, sets[0]...)
	var running sync.WaitGroup
	for range 3 {
		running.Go(func() {
			for range sends {
				if err := router.Send(context.Background(), batch); err != nil {
					t.Error(err)
				}
			}
		})
	}
	running.Go(func() {
		for i := range sends {
			if err := router.Replace(sets[i%2]...); err != nil {
				t.Error(err)
			}
			for _, s := range router.Next() {
				if a := s.(sink.Accounter).Account(); !a.Balanced() {
					t.Errorf("%+v", a)
				}
			}
		}
	})
	running.Wait()
	branches := router.Next()
	if len(branches) != 3 {
		t.Errorf("%d rules are remembered", len(branches))
	}
	var done uint64
	for _, s := range branches {
		done += s.(sink.Accounter).Account().Done
	}
	if all := 3 * sends * len(batch); int(done) != all || got["x"]+got["y"] != all || int(router.Account().Done) != all {
		t.Errorf("rules %d, sinks %v, router %+v, want %d", done, got, router.Account(), all)
	}
}
