package metlog

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

func loads(ctx context.Context, c *Client) {
	total, user := 1, "amy"
	Watch(ctx, "total", &total)
	Var(ctx, "user", user)
	total, user = 2, "bob"
	stores(ctx, c)
	_ = user
}

func stores(ctx context.Context, c *Client) {
	total := "none"
	Watch(ctx, "total", &total)
	c.Exception(ctx, errPlain)
}

// A watched value is what it is when it is caught, a copied one what it was, each in the frame of its function.
func TestWatch(t *testing.T) {
	_, e := caught(t, nil, func(c *Client) {
		ctx, end := Scope(t.Context())
		defer end()
		loads(ctx, c)
	})
	if got := fmt.Sprint(e.top().in(t, "loads").Vars); got != "map[total:2 user:amy]" {
		t.Errorf("loads: %s", got)
	}
	if got := fmt.Sprint(e.top().in(t, "stores").Vars); got != "map[total:none]" {
		t.Errorf("stores: %s", got)
	}
	if e.Extra != nil {
		t.Errorf("extra %v", e.Extra)
	}
}

// Without a holder Watch returns a child that has one; with one it returns what it got.
func TestWatchWithoutScope(t *testing.T) {
	n := 1
	ctx := Watch(t.Context(), "n", &n)
	if ctx == t.Context() || Watch(ctx, "m", &n) != ctx || Var(ctx, "o", 1) != ctx {
		t.Error("contexts")
	}
	_, e := caught(t, nil, func(c *Client) { c.Exception(ctx, errPlain) })
	if got := fmt.Sprint(e.top().in(t, "TestWatchWithoutScope").Vars); got != "map[m:1 n:1 o:1]" {
		t.Errorf("vars %s", got)
	}
}

func helps(ctx context.Context) { Var(ctx, "helped", true) }

// What a function watched that has returned is shown with its name.
func TestWatchOfWhoReturned(t *testing.T) {
	_, e := caught(t, nil, func(c *Client) {
		ctx, end := Scope(t.Context())
		defer end()
		helps(ctx)
		c.Exception(ctx, errPlain)
	})
	if got := fmt.Sprint(e.Extra); got != "map[github.com/mozilla-services/metlog-go/source/metlog.helps: helped:true]" {
		t.Errorf("extra %s", got)
	}
}

// The last of a name and function counts, wherever in the function it is; 64 are held.
func TestWatchKeepsTheLast(t *testing.T) {
	_, e := caught(t, nil, func(c *Client) {
		ctx, end := Scope(t.Context())
		defer end()
		Var(ctx, "early", 0)
		for i := range 10 {
			Var(ctx, "i", i)
		}
		Var(ctx, "i", "after")
		for i := range maxWatched - 1 {
			Var(ctx, fmt.Sprint("v", i), i)
		}
		c.Exception(ctx, errPlain)
	})
	vars := e.top().last().Vars
	if len(vars) != maxWatched || vars["i"] != "after" || vars["early"] != nil || vars["v62"] != 62.0 {
		t.Errorf("%d: %v", len(vars), vars)
	}
}

func TestScopeEnds(t *testing.T) {
	ctx, end := Scope(t.Context())
	Var(ctx, "n", 1)
	end()
	end()
	Var(ctx, "m", 1)
	_, e := caught(t, nil, func(c *Client) { c.Exception(ctx, errPlain) })
	if got := e.top().in(t, "TestScopeEnds").Vars; got != nil || e.Extra != nil {
		t.Errorf("vars %v, extra %v", got, e.Extra)
	}
}

// A scope within a scope has room of its own, and shows what is around it.
func TestScopeInScope(t *testing.T) {
	around, end := Scope(t.Context())
	defer end()
	Var(around, "a", "out")
	Var(around, "b", "out")
	ctx, endInner := Scope(around)
	Var(ctx, "b", "in")
	_, e := caught(t, nil, func(c *Client) { c.Exception(ctx, errPlain) })
	if got := fmt.Sprint(e.top().in(t, "TestScopeInScope").Vars); got != "map[a:out b:in]" {
		t.Errorf("vars %s", got)
	}
	endInner()
	_, e = caught(t, nil, func(c *Client) { c.Exception(around, errPlain) })
	if got := fmt.Sprint(e.top().in(t, "TestScopeInScope").Vars); got != "map[a:out b:out]" {
		t.Errorf("vars %s", got)
	}
}

// What lies beside the values is memory of its own use: forgetting them leaves it as it is.
func TestScopeWith(t *testing.T) {
	ctx, beside, end := ScopeWith[[2]string](t.Context())
	*beside = [2]string{"kept", "too"}
	Var(ctx, "n", 1)
	_, e := caught(t, nil, func(c *Client) { c.Exception(ctx, errPlain) })
	if got := fmt.Sprint(e.top().in(t, "TestScopeWith").Vars); got != "map[n:1]" {
		t.Errorf("vars %s", got)
	}
	end()
	Var(ctx, "m", 1)
	_, e = caught(t, nil, func(c *Client) { c.Exception(ctx, errPlain) })
	if got := e.top().in(t, "TestScopeWith").Vars; got != nil || *beside != [2]string{"kept", "too"} {
		t.Errorf("vars %v beside %v after the end", got, *beside)
	}
	if ctx, _, _ := ScopeWith[int](nil); ctx.Err() != nil { //nolint:staticcheck // nil is bad input
		t.Error(ctx.Err())
	}
}

func TestWatchOfNothing(t *testing.T) {
	_, e := caught(t, nil, func(c *Client) {
		ctx := Watch[int](t.Context(), "p", nil)
		Var(ctx, "v", nil)
		Var(ctx, strings.Repeat("long\xff", 100), 1)
		c.Exception(ctx, errPlain)
	})
	vars := e.top().last().Vars
	if v, ok := vars["p"]; v != nil || !ok {
		t.Errorf("%v", vars)
	}
	if v, ok := vars["v"]; v != nil || !ok || len(vars) != 3 {
		t.Errorf("%v", vars)
	}
}

func TestRedact(t *testing.T) {
	type login struct{ Name, PassWord, apiKEY, Phone string }
	_, e := caught(t, &Options{Redact: []string{"Phone"}}, func(c *Client) {
		l := login{"amy", "x1", "x2", "x3"}
		ctx := Watch(t.Context(), "login", &l)
		Var(ctx, "copied", l)
		Var(ctx, "sessionToken", "x4")
		Watch(ctx, "cookies", &[]string{"x5"})
		Var(ctx, "n", struct{ Cell []login }{[]login{l}})
		c.Exception(ctx, errPlain)
	})
	vars := e.top().last().Vars
	if text := fmt.Sprint(vars); strings.Contains(text, "x") || strings.Count(text, "amy") != 3 || strings.Count(text, "[redacted]") != 11 {
		t.Errorf("%s", text)
	}
}

func TestRedactOption(t *testing.T) {
	if _, err := New(hole{}, &Options{Redact: []string{"a", ""}}); err == nil || !strings.Contains(err.Error(), "Redact[1]") {
		t.Errorf("%v", err)
	}
	names := []string{"a"}
	c := start(t, hole{}, &Options{Redact: names})
	names[0] = "b"
	if !c.catch.hide.Hides("A") || c.catch.hide.Hides("b") {
		t.Error("options are not copied")
	}
}

// Everything at once, from everywhere: the race detector watches.
func TestWatchConcurrently(t *testing.T) {
	to := new(sinktest.Recorder)
	c := start(t, to, &Options{ExceptionsPerSecond: 1 << 30})
	ctx, end := Scope(t.Context())
	var done sync.WaitGroup
	for i := range 8 {
		done.Go(func() {
			for n := range 50 {
				Var(ctx, fmt.Sprint("v", n%5, i), n)
				c.Exception(ctx, errPlain)
			}
		})
	}
	done.Wait()
	end()
	if a := c.Account(); a.Offered != 400 {
		t.Errorf("%+v", a)
	}
}
