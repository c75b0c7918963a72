package sinktest

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// caught is what one check says: it stands in for the sub-test's *testing.T.
type caught struct {
	testing.TB
	mu       sync.Mutex
	failures []string
	cleanups []func()
}

func (c *caught) Helper() {}
func (c *caught) Errorf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures = append(c.failures, fmt.Sprintf(format, args...))
}
func (c *caught) Fatalf(format string, args ...any) { c.Errorf(format, args...); c.FailNow() }
func (c *caught) Error(args ...any)                 { c.Errorf("%s", fmt.Sprint(args...)) }
func (c *caught) Fatal(args ...any)                 { c.Error(args...); c.FailNow() }
func (c *caught) Cleanup(f func())                  { c.cleanups = append(c.cleanups, f) }
func (c *caught) FailNow()                          { panic(failNow{}) }

type failNow struct{}

// do runs f as a test is run: FailNow ends it.
func (c *caught) do(f func()) {
	defer func() {
		if v := recover(); v != nil && v != (failNow{}) {
			panic(v)
		}
	}()
	f()
}

// catch runs all checks over h and returns the failures of each that failed, and why those were unchecked that were.
func catch(t *testing.T, h Harness) (failures map[string][]string, unchecked map[string]string) {
	t.Helper()
	if h.Patience == 0 {
		h.Patience = 200 * time.Millisecond
	}
	k, err := newKit(h)
	if err != nil {
		t.Fatal(err)
	}
	failures, unchecked = make(map[string][]string), make(map[string]string)
	for _, c := range checks {
		if !h.applies(c.kind) {
			continue
		}
		tb := &caught{TB: t}
		tb.do(func() {
			if why := k.run(tb, c); why != "" {
				unchecked[c.name] = why
			}
		})
		for i := len(tb.cleanups) - 1; i >= 0; i-- {
			tb.do(tb.cleanups[i])
		}
		tb.mu.Lock()
		if len(tb.failures) > 0 {
			failures[c.name] = tb.failures
		}
		tb.mu.Unlock()
	}
	return failures, unchecked
}
