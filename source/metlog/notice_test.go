package metlog

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

// notebook is what OnError was told.
type notebook struct {
	mu   sync.Mutex
	told []string
}

func (n *notebook) write(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.told = append(n.told, strings.Split(err.Error(), "\n")...)
}

func (n *notebook) take() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	told := n.told
	n.told = nil
	return told
}

// The first message that is dropped for a reason is told at once, then how many, and nothing wakes up when no more are.
func TestDropsAreTold(t *testing.T) {
	long := strings.Repeat("x", maxMessage+1)
	for _, test := range []struct {
		reason, typ, why string
		drop             func(c *Client)
	}{
		{"large", "order", "more than 1 MiB", func(c *Client) { c.Emit(t.Context(), "order", long) }},
		{"large", "sentry", "more than 1 MiB", func(c *Client) { _ = c.EmitLine(t.Context(), &Line{Fields: []byte(long)}) }},
		{"number", "gauge", "a gauge that is no number", func(c *Client) { c.Gauge("a", math.NaN()) }},
		{"nil", "sentry", "an exception that is nil", func(c *Client) { c.Exception(t.Context(), nil) }},
		{"limited", "sentry", "more than Options.ExceptionsPerSecond from one origin", func(c *Client) {
			for before := c.dropped(whyLimited); c.dropped(whyLimited) == before; { // some pass
				c.Exception(t.Context(), errPlain)
			}
		}},
	} {
		t.Run(test.reason+" "+test.typ, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var book notebook
				c := start(t, hole{}, &Options{OnError: book.write})
				drop := func(n int) {
					for range n {
						test.drop(c)
					}
					synctest.Wait()
				}
				first := fmt.Sprintf("metlog: a message of type %q was dropped as %q: %s", test.typ, test.reason, test.why)
				more := fmt.Sprintf("metlog: %%s more dropped as %q: %s", test.reason, test.why)
				expect := func(want ...string) {
					t.Helper()
					if got := book.take(); !slices.Equal(got, want) {
						t.Errorf("told %q, want %q", got, want)
					}
				}
				drop(1)
				expect(first)
				drop(3)
				expect()
				time.Sleep(reportEvery)
				synctest.Wait()
				expect(fmt.Sprintf(more, "3 messages"))
				drop(1)
				time.Sleep(reportEvery)
				synctest.Wait()
				expect(fmt.Sprintf(more, "1 message"))
				time.Sleep(10 * reportEvery)
				synctest.Wait()
				expect()
				if c.notices.later != nil {
					t.Error("an idle client has a timer")
				}
				drop(4)
				expect(first)
				_ = c.Shutdown(t.Context())
				synctest.Wait()
				expect(fmt.Sprintf(more, "3 messages"))
				test.drop(c)
				time.Sleep(10 * reportEvery)
				expect()
			})
		})
	}
}

func TestFullIsTold(t *testing.T) {
	var book notebook
	to := &sinktest.Recorder{Borrower: true}
	release := make(chan struct{})
	to.Plan(sinktest.Block(release))
	c := start(t, to, &Options{MaxBytes: leastMaxBytes, OnError: book.write})
	p := c.Prepare("prepared")
	text := strings.Repeat("x", 1000)
	for range 10_000 {
		c.Emit(t.Context(), "order", text)
		p.Emit(t.Context(), text)
		c.Incr(text, 1)
		c.Emit(t.Context(), "large", strings.Repeat("x", largeMessage))
	}
	close(release)
	_ = c.Shutdown(t.Context())
	told := strings.Join(book.take(), "\n")
	n := c.Account().Dropped["full"]
	if strings.Count(told, "was dropped as \"full\"") != 1 || n < 30_000 {
		t.Errorf("%d full, told:\n%s", n, told)
	}
	sum := uint64(1)
	for _, line := range strings.Split(told, "\n") {
		var more uint64
		if _, err := fmt.Sscanf(line, "metlog: %d messages more dropped as \"full\"", &more); err == nil {
			sum += more
		}
	}
	if sum != n {
		t.Errorf("%d of %d were told:\n%s", sum, n, told)
	}
}

// What is the same is told once with its count, and of others no more than there is room for.
func TestErrorsAreFolded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var book notebook
		c := start(t, hole{}, &Options{OnError: book.write})
		c.report.tell(errors.New("first"))
		synctest.Wait()
		for range 1000 {
			c.report.tell(errors.New("again"))
		}
		for i := range 100 {
			c.report.tell(fmt.Errorf("one of %d", i))
		}
		_ = c.Shutdown(t.Context())
		told := book.take()
		if len(told) != 1+keptErrors+1 || told[1] != "again (1000 times)" || told[2] != "one of 0" || told[keptErrors+1] != "metlog: 37 errors more" {
			t.Errorf("told %q", told)
		}
	})
}
