package metlog

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

//go:noinline
func indexes(list []int, i int) int { return list[i] }

//go:noinline
func writes(m map[string]int) { m["a"] = 1 }

//go:noinline
func follows(p *basket) float64 { return p.Total }

var count int

//go:noinline
func divides(a, b int) { count = a / b }

//go:noinline
func throws(v any) { panic(v) }

type basket struct {
	Items []string
	Total float64
}

type code struct{ N int }

func (code) String() string { panic("nobody may call this") }

func TestPanic(t *testing.T) {
	for _, test := range []struct {
		name       string
		f          func()
		typ, value string
		at         string // the function that panicked
		line       string // and what it says there
		anyType    bool
	}{
		{"index", func() { indexes(nil, 3) }, "runtime.boundsError", "runtime error: index out of range [3] with length 0", "indexes", "return list[i]", false},
		{"nil map", func() { writes(nil) }, "runtime.plainError", "assignment to entry in nil map", "writes", `m["a"] = 1`, true},
		{"nil pointer", func() { follows(nil) }, "runtime.errorString", "runtime error: invalid memory address or nil pointer dereference", "follows", "return p.Total", false},
		{"division", func() { divides(1, 0) }, "runtime.errorString", "runtime error: integer divide by zero", "divides", "count = a / b", true},
		{"error", func() { throws(errPlain) }, "*errors.errorString", "card refused", "throws", "panic(v)", false},
		{"text", func() { throws("no cart") }, "panic", "no cart", "throws", "panic(v)", false},
		{"number", func() { throws(42) }, "panic", "42", "throws", "panic(v)", false},
		{"Stringer", func() { throws(code{7}) }, "metlog.code", `{"N":7}`, "throws", "panic(v)", false},
		{"nil", func() { throws(nil) }, "*runtime.PanicNilError", "panic called with nil argument", "throws", "panic(v)", false},
		{"in a deferred function", func() { defer throws("late") }, "panic", "late", "throws", "panic(v)", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, e := caught(t, nil, func(c *Client) {
				defer func() { c.Panic(t.Context(), recover()) }()
				test.f()
			})
			x := e.top()
			if !test.anyType && x.Type != test.typ || !strings.HasPrefix(x.Value, test.value) {
				t.Errorf("%s: %s", x.Type, x.Value)
			}
			if f := x.last(); f.Function != test.at || !strings.Contains(f.At, test.line) {
				t.Errorf("panicked in %s, at %q", f.Function, f.At)
			}
			if e.Level != "fatal" || x.Mechanism["handled"] != false || x.Mechanism["type"] != "panic" {
				t.Errorf("%s %v", e.Level, x.Mechanism)
			}
			x.in(t, "tRunner")
			for _, f := range x.Stacktrace.Frames {
				if f.Module == "runtime" || strings.HasPrefix(f.Module, "internal/runtime") || strings.Contains(f.Function, "(*Client)") {
					t.Errorf("frame of %s %s", f.Module, f.Function)
				}
			}
		})
	}
}

func outer(f func()) { f() }

// Who recovers, looks and panics again shows both places.
func TestPanicAgain(t *testing.T) {
	_, e := caught(t, nil, func(c *Client) {
		defer func() { c.Panic(t.Context(), recover()) }()
		outer(func() {
			defer func() {
				thrown := recover()
				throws(fmt.Errorf("again: %v", thrown))
			}()
			indexes(nil, 0)
		})
	})
	names := e.top().functions()
	first, again := slices.Index(names, "indexes"), slices.Index(names, "throws")
	if first < 0 || again != len(names)-1 || first > again || !slices.Contains(names, "outer") {
		t.Errorf("frames %q", names)
	}
}

func report(ctx context.Context, c *Client, thrown any) { c.Panic(ctx, thrown) }

func TestPanicIsReportedFurtherDown(t *testing.T) {
	_, e := caught(t, nil, func(c *Client) {
		defer func() {
			if thrown := recover(); thrown != nil {
				report(t.Context(), c, thrown)
			}
		}()
		throws("x")
	})
	if got := e.top().last().Function; got != "throws" {
		t.Errorf("panicked in %s", got)
	}
}

// Not in a deferred function it is the caller's stack.
func TestPanicWithoutOne(t *testing.T) {
	_, e := caught(t, nil, func(c *Client) { report(t.Context(), c, "x") })
	if got := e.top().last().Function; got != "report" {
		t.Errorf("stack of %s", got)
	}
}

func TestPanicInGoroutine(t *testing.T) {
	_, e := caught(t, nil, func(c *Client) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer func() { c.Panic(t.Context(), recover()) }()
			throws("x")
		}()
		<-done
	})
	if got := e.top().functions(); len(got) != 2 || got[1] != "throws" {
		t.Errorf("frames %q", got)
	}
}

func TestGoexitIsNoPanic(t *testing.T) {
	c := start(t, new(sinktest.Recorder), nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { c.Panic(t.Context(), recover()) }()
		runtime.Goexit()
	}()
	<-done
	dropped(t, c, map[string]uint64{"nil": 1})
}

func recurses(n int) int {
	if n == 0 {
		throws("deep")
	}
	return recurses(n-1) + 1
}

// Of a stack that is too deep both ends are shown.
func TestPanicIsDeep(t *testing.T) {
	_, e := caught(t, nil, func(c *Client) {
		defer func() { c.Panic(t.Context(), recover()) }()
		recurses(500)
	})
	names := e.top().functions()
	if len(names) != maxFrames || names[0] != "tRunner" || names[maxFrames-1] != "throws" {
		t.Errorf("%d frames from %s to %s", len(names), names[0], names[len(names)-1])
	}
}

// Functions that were inlined have frames like others, and are found by what they watch.
func TestInlined(t *testing.T) {
	_, e := caught(t, nil, func(c *Client) {
		ctx, end := Scope(t.Context())
		defer end()
		defer func() { c.Panic(ctx, recover()) }()
		small(ctx, 5)
	})
	x := e.top()
	if f := x.in(t, "small"); fmt.Sprint(f.Vars) != "map[n:5]" {
		t.Errorf("vars %v", f.Vars)
	}
	if f := x.in(t, "smaller"); fmt.Sprint(f.Vars) != "map[n:6]" || !strings.Contains(f.At, "throws(n)") {
		t.Errorf("vars %v at %q", f.Vars, f.At)
	}
}

func small(ctx context.Context, n int) { Var(ctx, "n", n); smaller(ctx, n+1) }

func smaller(ctx context.Context, n int) { Var(ctx, "n", n); throws(n) }

type generic[T any] struct{ v T }

func (g *generic[T]) throw(ctx context.Context) { Watch(ctx, "v", &g.v); throws("x") }

func TestGenericFrames(t *testing.T) {
	_, e := caught(t, nil, func(c *Client) {
		ctx, end := Scope(t.Context())
		defer end()
		defer func() { c.Panic(ctx, recover()) }()
		(&generic[map[string]basket]{}).throw(ctx)
	})
	f := e.top().in(t, ".throw")
	if f.Function != "(*generic[...]).throw" || f.Module != "github.com/mozilla-services/metlog-go/source/metlog" || f.Vars["v"] != nil || len(f.Vars) != 1 {
		t.Errorf("%+v", f)
	}
}

func TestSplitSymbol(t *testing.T) {
	for symbol, want := range map[string][2]string{
		"main.main":                                 {"main", "main"},
		"net/http.(*conn).serve":                    {"net/http", "(*conn).serve"},
		"gopkg.in/yaml%2ev3.Unmarshal":              {"gopkg.in/yaml.v3", "Unmarshal"},
		"example.com/shop.Map[go.shape.string/x.Y]": {"example.com/shop", "Map[go.shape.string/x.Y]"},
		"example.com/shop.(*Cart).Add.func1":        {"example.com/shop", "(*Cart).Add.func1"},
		"x_cgo_callers":                             {"", "x_cgo_callers"},
		"":                                          {"", ""},
	} {
		if module, function := splitSymbol(symbol); module != want[0] || function != want[1] {
			t.Errorf("%s: %q %q", symbol, module, function)
		}
	}
}

func TestInApp(t *testing.T) {
	for _, test := range []struct {
		program, module, file string
		want                  bool
	}{
		{"example.com/shop", "main", "/x/main.go", true},
		{"example.com/shop", "example.com/shop", "", true},
		{"example.com/shop", "example.com/shop/cart", "", true},
		{"example.com/shop", "example.com/shop_test", "", true},
		{"example.com/shop", "example.com/shopping", "", false},
		{"example.com/shop", "net/http", "", false},
		{"", "net/http", "/usr/local/go/src/net/http/server.go", false},
		{"", "example.com/shop", "/src/example.com/shop/x.go", true},
		{"", "example.com/dep", "/go/pkg/mod/example.com/dep@v1.0.0/x.go", false},
		{"", "example.com/dep", "/src/example.com/shop/vendor/example.com/dep/x.go", false},
	} {
		p := places{module: test.program}
		if got := p.inApp(test.module, test.file); got != test.want {
			t.Errorf("%q: %s in %s: %v", test.program, test.module, test.file, got)
		}
	}
}

func TestBogusStack(t *testing.T) {
	p := new(places)
	if got := p.list([]uintptr{0, 1, 0xdead_beef, ^uintptr(0)}); len(got) != 0 {
		t.Errorf("%d frames of nothing", len(got))
	}
	n := 0
	p.frames.Range(func(any, any) bool { n++; return true })
	if n != 0 {
		t.Errorf("%d of them kept", n)
	}
}

func TestPanicCausesAreKept(t *testing.T) {
	_, e := caught(t, nil, func(c *Client) {
		defer func() { c.Panic(t.Context(), recover()) }()
		throws(fmt.Errorf("paying: %w", errPlain))
	})
	var types []string
	for _, x := range e.Exception.Values {
		types = append(types, x.Type)
	}
	if !reflect.DeepEqual(types, []string{"*errors.errorString", "*fmt.wrapError"}) {
		t.Errorf("%q", types)
	}
}
