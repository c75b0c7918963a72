package metlog

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

var update = flag.Bool("update", false, "write testdata/event.json anew")

type shopper struct{ Name, Password string }

func buys(ctx context.Context, c *Client) {
	who := shopper{"Zoë <b>&", "x"}
	Watch(ctx, "who", &who)
	Var(ctx, "n", 3)
	c.Exception(ctx, fmt.Errorf("buying: %w", errPlain), slog.Int("order", 17),
		slog.Group("request", slog.String("method", "POST"), slog.String("url", "http://shop.example/cart")))
}

// The whole event, byte for byte, but for what no two runs have in common.
func TestEventGolden(t *testing.T) {
	m, e := caught(t, &Options{Logger: "shop", Hostname: "web3"}, func(c *Client) {
		ctx, end := Scope(t.Context())
		defer end()
		buys(ctx, c)
	})
	got := m.Payload()
	i, j := strings.Index(got, `{"function":"tRunner"`), strings.Index(got, `{"function":"buys"`)
	if i < 0 || j < i {
		t.Fatal(got)
	}
	got = got[:i] + got[j:] // the other frames have their own tests
	dir, _ := os.Getwd()
	for old, sub := range map[string]string{e.ID: "ID", e.Timestamp: "NOW", runtime.Version(): "GO", dir: "DIR"} {
		got = strings.ReplaceAll(got, old, sub)
	}
	got = regexp.MustCompile(`"lineno":\d+`).ReplaceAllString(got, `"lineno":1`) + "\n"
	file := filepath.Join("testdata", "event.json")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// What variables leave no room for are variables, not frames.
func TestEventLeavesOutVariables(t *testing.T) {
	_, few := caught(t, nil, func(c *Client) { c.Exception(t.Context(), errPlain) })
	_, e := caught(t, nil, func(c *Client) {
		ctx, end := Scope(t.Context())
		defer end()
		for i := range maxWatched {
			Var(ctx, fmt.Sprint("v", i), []string{strings.Repeat("a", 1000), strings.Repeat("b", 1000), strings.Repeat("c", 1000), strings.Repeat("d", 1000)})
		}
		c.Exception(ctx, errPlain)
	})
	if n := len(e.top().last().Vars); n < 10 || n > 20 {
		t.Errorf("%d variables", n)
	}
	if got, want := len(e.top().Stacktrace.Frames), len(few.top().Stacktrace.Frames); got != want || e.top().last().At == "" {
		t.Errorf("%d frames, want %d", got, want)
	}
}

// What frames leave no room for are lines of source first, of the outermost.
func TestEventLeavesOutSource(t *testing.T) {
	p := new(places)
	f := &frame{symbol: "f", text: []byte(`{"function":"f"` + strings.Repeat(" ", 2000)), bare: len(`{"function":"f"`)}
	stack := make([]uintptr, 100)
	for i := range stack {
		stack[i] = uintptr(i + 1)
		p.frames.Store(stack[i], f)
	}
	ev := event{exception: &exception{links: []link{{}, {stack: stack[:5]}}, stack: stack}, room: 20_000}
	ev.choose(p)
	if s := ev.stacks[0]; s.whole != 9 || len(s.frames) != 100 {
		t.Errorf("%d with source of %d", s.whole, len(s.frames))
	}
	ev.room = 500
	ev.choose(p)
	if s := ev.stacks[0]; s.whole != 0 || len(s.frames) < 20 || len(s.frames) > 30 || ev.room < -100 {
		t.Errorf("%d with source of %d", s.whole, len(s.frames))
	}
	if s := ev.stacks[1]; len(s.frames) != 0 {
		t.Errorf("%d frames of a cause", len(s.frames))
	}
}

// A map may be written to while it is caught: to read it would end the program. The race detector minds its length, too.
func TestMapsWrittenConcurrently(t *testing.T) {
	if raceEnabled {
		return
	}
	m := map[int]int{}
	var stop atomic.Bool
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := 0; !stop.Load(); i++ {
			m[i%1000] = i
		}
	})
	c := start(t, hole{}, &Options{ExceptionsPerSecond: 1 << 30})
	held := struct{ M map[int]int }{m}
	ctx := Watch(t.Context(), "m", &m)
	Watch(ctx, "held", &held)
	for range 2000 {
		Var(ctx, "copied", m)
		c.Exception(ctx, errPlain)
	}
	stop.Store(true)
	writer.Wait()
	flush(t, c)
	if a := balanced(t, c); a.Done != 2000 {
		t.Errorf("%+v", a)
	}
}

// An exception costs allocations, but not more the deeper its stack is, nor with what was sent before.
func TestExceptionAllocations(t *testing.T) {
	if raceEnabled {
		return
	}
	c := start(t, hole{}, &Options{ExceptionsPerSecond: 1 << 30})
	ctx, end := Scope(t.Context())
	defer end()
	n := 1
	Watch(ctx, "n", &n)
	var deep func(levels int)
	deep = func(levels int) {
		if levels > 0 {
			deep(levels - 1)
			return
		}
		c.Exception(ctx, errPlain)
	}
	for _, levels := range []int{0, 50} {
		deep(levels)
		if allocs := testing.AllocsPerRun(200, func() { deep(levels) }); allocs > 16 {
			t.Errorf("%d levels: %v allocations", levels, allocs)
		}
	}
	limited := start(t, hole{}, &Options{ExceptionsPerSecond: 1})
	if allocs := testing.AllocsPerRun(200, func() { limited.Exception(ctx, errPlain) }); allocs > 3 {
		t.Errorf("%v allocations of one that is not sent", allocs)
	}
}

// Exceptions and the end of the client meet.
func TestExceptionRacesShutdown(t *testing.T) {
	to := new(sinktest.Recorder)
	c := start(t, to, &Options{ExceptionsPerSecond: 1 << 30})
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for range 50 {
				c.Exception(t.Context(), errPlain)
			}
		})
	}
	if err := c.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	callers.Wait()
	if a := balanced(t, c); a.Offered != 400 || a.Done+a.Dropped["closed"] != 400 || a.Done != uint64(len(to.All())) {
		t.Errorf("%+v", a)
	}
}
