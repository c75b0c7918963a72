package metlog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

type wrapper struct {
	text string
	next error
}

func (w *wrapper) Error() string { return w.text }
func (w *wrapper) Unwrap() error { return w.next }

// What pkg/errors calls a stack.
type (
	place  uintptr
	trace  []place
	traced struct{ at trace }
)

func (*traced) Error() string       { return "traced" }
func (e *traced) StackTrace() trace { return e.at }

type calling struct {
	error
	stack []uintptr
}

func (e calling) Callers() []uintptr { return e.stack }

type oddTrace struct{ error }

func (oddTrace) StackTrace(int) []string { return nil }

// Comparing two of them panics.
type incomparable struct{ texts []string }

func (e incomparable) Error() string   { return strings.Join(e.texts, " ") }
func (e incomparable) Unwrap() []error { return []error{nil, e, errPlain} }

type itself struct{}

func (e itself) Error() string { return "itself" }
func (e itself) Unwrap() error { return e }

//go:noinline
func made() *traced {
	var pcs [8]uintptr
	e := new(traced)
	for _, pc := range pcs[:runtime.Callers(1, pcs[:])] {
		e.at = append(e.at, place(pc))
	}
	return e
}

func TestCauses(t *testing.T) {
	circle := &wrapper{text: "circle"}
	circle.next = fmt.Errorf("around: %w", circle)
	var typedNil *wrapper
	for _, test := range []struct {
		name string
		err  error
		want string // type=value, the oldest first
	}{
		{"one", errPlain, "*errors.errorString=card refused"},
		{"wrapped", fmt.Errorf("a: %w", fmt.Errorf("b: %w", errPlain)),
			"*errors.errorString=card refused|*fmt.wrapError=b: card refused|*fmt.wrapError=a: b: card refused"},
		{"joined", errors.Join(errPlain, fs.ErrClosed), "*errors.errorString=file already closed|*errors.errorString=card refused|*errors.joinError=card refused\nfile already closed"},
		{"circle", circle, "*fmt.wrapError=around: circle|*metlog.wrapper=circle"},
		{"typed nil", typedNil, "*metlog.wrapper=!PANIC: nil *metlog.wrapper"},
		{"throwing", throwing{}, "metlog.throwing=!PANIC: in Error: no text"},
		{"no UTF-8", &wrapper{text: "a\xffb"}, "*metlog.wrapper=a\uFFFDb"},
		{"odd StackTrace", oddTrace{errPlain}, "metlog.oddTrace=card refused"},
		{"traced", &wrapper{"w", made()}, "*metlog.traced=traced|*metlog.wrapper=w"},
		{"traced itself", made(), "*metlog.traced=traced|*metlog.traced=traced"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, e := caught(t, nil, func(c *Client) { c.Exception(t.Context(), test.err) })
			var got []string
			for i, x := range e.Exception.Values {
				got = append(got, x.Type+"="+x.Value)
				if id := float64(len(e.Exception.Values) - 1 - i); x.Mechanism["exception_id"] != id || id > 0 && x.Mechanism["parent_id"].(float64) >= id {
					t.Errorf("mechanism of %d: %v", i, x.Mechanism)
				}
			}
			if text := strings.Join(got, "|"); text != test.want {
				t.Errorf("got  %s\nwant %s", text, test.want)
			}
			if f := e.top().last(); !strings.HasPrefix(f.Function, "TestCauses") {
				t.Errorf("caught in %s", f.Function)
			}
		})
	}
}

func TestCausesHaveAnEnd(t *testing.T) {
	for _, err := range []error{itself{}, incomparable{[]string{"a"}}} {
		_, e := caught(t, nil, func(c *Client) { c.Exception(t.Context(), err) })
		if n := len(e.Exception.Values); n != maxLinks {
			t.Errorf("%T: %d exceptions", err, n)
		}
	}
}

// An error's own stack is shown with it, that of where it was caught with the one that was.
func TestOwnStack(t *testing.T) {
	var pcs [8]uintptr
	for name, err := range map[string]error{
		"made":         made(),
		"TestOwnStack": calling{errPlain, pcs[:runtime.Callers(1, pcs[:])]},
	} {
		_, e := caught(t, nil, func(c *Client) { c.Exception(t.Context(), err) })
		own := e.Exception.Values[0]
		if got := own.last().Function; got != name || own.Mechanism["source"] != sameError {
			t.Errorf("%s: %s %v", name, got, own.Mechanism)
		}
		if got := e.top().last().Function; !strings.HasPrefix(got, "TestOwnStack.func") {
			t.Errorf("%s: caught in %s", name, got)
		}
	}
	bogus := calling{errPlain, make([]uintptr, 1<<20)}
	_, e := caught(t, nil, func(c *Client) { c.Exception(t.Context(), bogus) })
	if frames := e.Exception.Values[0].Stacktrace.Frames; frames != nil {
		t.Errorf("%d frames of zeros", len(frames))
	}
}

func TestLimit(t *testing.T) {
	var l limiter
	l.open(4)
	of := func(err error, place uint64) func(at time.Duration) bool {
		return func(at time.Duration) bool { return l.allows(origin{kind(linksOf(err)), place}, at) }
	}
	count := func(allows func(time.Duration) bool, at time.Duration) (n int) {
		for range 100 {
			if allows(at) {
				n++
			}
		}
		return n
	}
	plain := of(fmt.Errorf("a: %w", errPlain), 1)
	for _, test := range []struct {
		at   time.Duration
		want int
	}{
		{0, 4}, {249 * time.Millisecond, 0}, {250 * time.Millisecond, 1}, {750 * time.Millisecond, 2}, {time.Minute, 4}, {time.Minute + time.Second, 4},
	} {
		if got := count(plain, test.at); got != test.want {
			t.Errorf("at %v: %d, want %d", test.at, got, test.want)
		}
	}
	now := time.Minute + time.Second
	if got := count(of(errors.New("b"), 1), now); got != 0 {
		t.Errorf("%d more of the same first cause", got)
	}
	if got := count(of(os.ErrDeadlineExceeded, 1), now); got != 4 {
		t.Errorf("%d of another", got)
	}
	if got := count(of(errors.New("b"), 2), now); got != 4 {
		t.Errorf("%d in another place", got)
	}
}

// However many origins there are, the memory is bounded, and so are the events.
func TestLimitOfManyOrigins(t *testing.T) {
	var l limiter
	l.open(2)
	for _, test := range []struct {
		at   time.Duration
		want int
	}{
		{0, 2*maxOrigins + 2}, {time.Second, 2*maxOrigins + 2}, {time.Second + time.Millisecond, 0}, {time.Hour, 2*maxOrigins + 2},
	} {
		n := 0
		for place := range uint64(10_000) {
			for range 3 {
				if l.allows(origin{0, place + uint64(test.at)}, test.at) {
					n++
				}
			}
		}
		if n != test.want || len(l.whole) > maxOrigins {
			t.Errorf("at %v: %d passed, want %d; %d origins", test.at, n, test.want, len(l.whole))
		}
	}
}

// Errors of one type, as nearly all are, do not starve those of another place.
func TestRareErrorPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := new(sinktest.Recorder)
		c := start(t, to, &Options{ExceptionsPerSecond: 2})
		panics := func(f func()) {
			defer func() { c.Panic(t.Context(), recover()) }()
			f()
		}
		for range 20 {
			c.Exception(t.Context(), errors.New("often"))
			panics(func() { panic("often") })
			_ = c.EmitLine(t.Context(), &Line{Severity: envelope.Error, Error: "often", Frames: []runtime.Frame{{Function: "f", File: "a.go", Line: 1}}})
			_ = c.EmitLine(t.Context(), &Line{Severity: envelope.Error, Error: "often", Stack: []uintptr{1}})
		}
		c.Exception(t.Context(), fmt.Errorf("rare: %w", errors.New("cause")))
		panics(func() { panic("rare") })
		panics(func() { panic(strings.Repeat("rare", -1)) }) // from another place in it
		_ = c.EmitLine(t.Context(), &Line{Severity: envelope.Error, Error: "rare", Frames: []runtime.Frame{{Function: "f", File: "a.go", Line: 2}}})
		_ = c.EmitLine(t.Context(), &Line{Severity: envelope.Error, Error: "rare", Stack: []uintptr{2}})
		_ = c.EmitLine(t.Context(), &Line{Severity: envelope.Error, Error: "rare"})
		flush(t, c)
		rare := 0
		all := to.All()
		for i := range all {
			if e := readEvent(t, &all[i]); !strings.Contains(e.top().Value, "often") {
				rare++
			}
		}
		if rare != 6 || to.Len() != 6+4*2 {
			t.Errorf("%d messages, %d of them rare", to.Len(), rare)
		}
		dropped(t, c, map[string]uint64{"limited": 4 * 18})
	})
}

func TestLimitOfClient(t *testing.T) {
	const calls = 10_000
	c := start(t, hole{}, &Options{ExceptionsPerSecond: 3})
	began := time.Now()
	for range calls {
		c.Exception(t.Context(), errPlain)
		c.Panic(t.Context(), "text")
	}
	most := uint64(2 * 3 * (time.Since(began)/time.Second + 2))
	flush(t, c)
	if a := balanced(t, c); a.Offered != 2*calls || a.Done < 6 || a.Done > most || a.Dropped["limited"] != a.Offered-a.Done {
		t.Errorf("%+v, at most %d", a, most)
	}
	if _, err := New(hole{}, &Options{ExceptionsPerSecond: -1}); err == nil || !strings.Contains(err.Error(), "ExceptionsPerSecond") {
		t.Errorf("%v", err)
	}
}

func TestSource(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	short := write("short.go", "one\r\ntwo\nthree")
	long := write("long.go", strings.Repeat("x\n", 6)+"\xff\"\n"+strings.Repeat("y", 100_000)+"\n"+strings.Repeat("z\n", 9))
	for _, test := range []struct {
		name string
		file string
		line int
		want string
	}{
		{"first", short, 1, `,"pre_context":[],"context_line":"one","post_context":["two","three"]`},
		{"last", short, 3, `,"pre_context":["one","two"],"context_line":"three","post_context":[]`},
		{"middle", long, 7, `,"pre_context":["x","x","x","x","x"],"context_line":"` + "\uFFFD" + `\"","post_context":["` + strings.Repeat("y", 200) + `… (100000 bytes)","z","z","z","z"]`},
		{"beyond", short, 4, ""},
		{"none", short, 0, ""},
		{"relative", "short.go", 1, ""},
		{"absent", filepath.Join(dir, "absent.go"), 1, ""},
		{"directory", dir, 1, ""},
		{"device", "/dev/zero", 1, ""},
		{"large", write("large.go", strings.Repeat("x\n", maxFile)), 1, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := string(appendSource(nil, test.file, test.line)); got != test.want {
				t.Errorf("%s", got)
			}
		})
	}
}
