package sinktest

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
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
func (c *caught) Fatal(args ...any)                 { c.Errorf("%s", fmt.Sprint(args...)); c.FailNow() }
func (c *caught) Cleanup(f func())                  { c.cleanups = append(c.cleanups, f) }
func (c *caught) FailNow()                          { runtime.Goexit() }

// do runs f as a test is run: on a goroutine of its own, which FailNow ends.
func do(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}

// catch makes one check over h and returns its failures, and why it was unchecked. It may run in a bubble of synctest,
// where the kit's patience costs nothing and a loaded machine cannot end it early.
func catch(t *testing.T, h Harness, name string) (failures []string, unchecked string) {
	t.Helper()
	k, err := newKit(h)
	if err != nil {
		t.Fatal(err)
	}
	k.blind = true // or the race detector fails the test before the check does
	all := checks()
	i := slices.IndexFunc(all, func(c check) bool { return c.name == name })
	if i < 0 || !h.applies(all[i].kind) {
		t.Fatalf("%q is no check for this harness", name)
	}
	c := &caught{TB: t}
	do(func() { unchecked = k.run(c, all[i]) })
	for _, cleanup := range slices.Backward(c.cleanups) {
		do(cleanup)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.failures), unchecked
}

// expectCaught fails t unless the check named finds that h's sink breaks r.
func expectCaught(t *testing.T, h Harness, name string, r rule) {
	t.Helper()
	failures, unchecked := catch(t, h, name)
	if !slices.ContainsFunc(failures, func(f string) bool { return strings.HasSuffix(f, string(r)) }) {
		t.Errorf("%s does not find that this sink breaks %q\nunchecked: %s\nfailures: %s",
			name, r, unchecked, strings.Join(failures, "\n"))
	}
}

// expectCaughtInBubble is expectCaught where time is synctest's.
func expectCaughtInBubble(t *testing.T, h Harness, name string, r rule) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		expectCaught(t, h, name, r)
		time.Sleep(2 * time.Hour) // until every broken sink has woken up
	})
}
