package metlog

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

func TestWhatIsSent(t *testing.T) {
	const tail = `,"env_version":"0.8","metlog_pid":411,"metlog_hostname":"web3"}`
	at := time.Date(2012, 11, 2, 9, 30, 0, 1000, time.UTC)
	for _, tt := range []struct {
		name string
		send func(context.Context, *Client)
		want string
	}{
		{"Emit", func(ctx context.Context, c *Client) { c.Emit(ctx, "deploy", "v42", slog.Int("hosts", 3)) },
			`{"type":"deploy","timestamp":"2000-01-01T00:00:00.000000Z","logger":"shop","severity":5,"payload":"v42","fields":{"hosts":3}`},
		{"Emit, a group and a LogValuer", func(ctx context.Context, c *Client) {
			c.Emit(ctx, "deploy", "v42", slog.Group("by", slog.String("name", "amy"), slog.Any("pair", pair{1, 2})))
		}, `{"type":"deploy","timestamp":"2000-01-01T00:00:00.000000Z","logger":"shop","severity":5,"payload":"v42","fields":{"by":{"name":"amy","pair":{"a":1,"b":2}}}`},
		{"EmitAt", func(ctx context.Context, c *Client) { c.EmitAt(ctx, envelope.Emergency, "fire", "") },
			`{"type":"fire","timestamp":"2000-01-01T00:00:00.000000Z","logger":"shop","severity":0,"payload":"","fields":{}`},
		{"Log", func(ctx context.Context, c *Client) { c.Log(ctx, envelope.Debug, "100%", slog.Bool("ok", true)) },
			`{"type":"oldstyle","timestamp":"2000-01-01T00:00:00.000000Z","logger":"shop","severity":7,"payload":"100%","fields":{"ok":true}`},
		{"Logf", func(ctx context.Context, c *Client) { c.Logf(ctx, envelope.Error, "%s bought %d", "amy", 3) },
			`{"type":"oldstyle","timestamp":"2000-01-01T00:00:00.000000Z","logger":"shop","severity":3,"payload":"amy bought 3","fields":{}`},
		{"Incr", func(_ context.Context, c *Client) { c.Incr("hits", 3) },
			`{"type":"counter","timestamp":"2000-01-01T00:00:00.000000Z","logger":"shop","severity":5,"payload":"3","fields":{"name":"hits","rate":1}`},
		{"Decr", func(_ context.Context, c *Client) { c.Decr("hits", 3) },
			`{"type":"counter","timestamp":"2000-01-01T00:00:00.000000Z","logger":"shop","severity":5,"payload":"-3","fields":{"name":"hits","rate":1}`},
		{"Incr, no attribute takes the name's place", func(_ context.Context, c *Client) {
			c.Incr("hits", 1, slog.String("name", "forged"), slog.Int("rate", 7), slog.String("shop", "a"))
		}, `{"type":"counter","timestamp":"2000-01-01T00:00:00.000000Z","logger":"shop","severity":5,"payload":"1","fields":{"shop":"a","name":"hits","rate":1}`},
		{"Timer, no attribute takes the name's place", func(_ context.Context, c *Client) {
			c.Timer("cart").Start().Stop(slog.String("name", "forged"), slog.Int("rate", 7), slog.String("shop", "a"))
		}, `{"type":"timer","timestamp":"2000-01-01T00:00:00.000000Z","logger":"shop","severity":5,"payload":"0","fields":{"shop":"a","name":"cart","rate":1}`},
		{"Incr, a name of two lines", func(_ context.Context, c *Client) { c.Incr("hits\n{\"", 1) },
			`{"type":"counter","timestamp":"2000-01-01T00:00:00.000000Z","logger":"shop","severity":5,"payload":"1","fields":{"name":"hits\n{\"","rate":1}`},
		{"Gauge", func(_ context.Context, c *Client) { c.Gauge("queue", 1e21) },
			`{"type":"gauge","timestamp":"2000-01-01T00:00:00.000000Z","logger":"shop","severity":5,"payload":"1000000000000000000000","fields":{"name":"queue","rate":1}`},
		{"Prepared", func(ctx context.Context, c *Client) {
			c.Prepare("order", "id", "total").Emit(ctx, "paid", slog.StringValue("a17"), slog.Float64Value(9.5))
		}, `{"type":"order","timestamp":"2000-01-01T00:00:00.000000Z","logger":"shop","severity":5,"payload":"paid","fields":{"id":"a17","total":9.5}`},
		{"Prepared, a group", func(ctx context.Context, c *Client) {
			c.Prepare("order", "by").Emit(ctx, "paid", slog.GroupValue(slog.String("name", "amy")))
		}, `{"type":"order","timestamp":"2000-01-01T00:00:00.000000Z","logger":"shop","severity":5,"payload":"paid","fields":{"by":{"name":"amy"}}`},
		{"EmitJSON", func(ctx context.Context, c *Client) {
			_ = c.EmitJSON(ctx, at, envelope.Warning, "order", "paid", []byte(`{"id":"a17"}`))
		}, `{"type":"order","timestamp":"2012-11-02T09:30:00.000001Z","logger":"shop","severity":4,"payload":"paid","fields":{"id":"a17"}`},
		{"EmitJSON, now", func(ctx context.Context, c *Client) {
			_ = c.EmitJSON(ctx, time.Time{}, envelope.Warning, "order", "paid", []byte(`{}`))
		}, `{"type":"order","timestamp":"2000-01-01T00:00:00.000000Z","logger":"shop","severity":4,"payload":"paid","fields":{}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				to := new(sinktest.Recorder)
				c := start(t, to, &Options{Logger: "shop", Hostname: "web3", PID: 411, Severity: envelope.Notice})
				ended, cancel := context.WithCancel(t.Context())
				cancel() // stops no message
				tt.send(ended, c)
				flush(t, c)
				if got := to.JSON(); !slices.Equal(got, []string{tt.want + tail}) {
					t.Errorf("sent %s\nwant %s", got, tt.want+tail)
				}
			})
		})
	}
}

// A pair writes itself as a group.
type pair struct{ a, b int }

func (p pair) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("a", p.a), slog.Int("b", p.b))
}

func TestEmitJSONRefuses(t *testing.T) {
	to := new(sinktest.Recorder)
	c := start(t, to, nil)
	long := `{"a":"` + strings.Repeat("x", 2*largeMessage) + `"`
	for _, fields := range []string{``, `[]`, `{"a":1`, `{"a":1} {}`, `{"a":01}`, long} {
		err := c.EmitJSON(t.Context(), time.Now(), envelope.Info, "order", "", []byte(fields))
		if e := (*envelope.SyntaxError)(nil); !errors.As(err, &e) {
			t.Errorf("%.20s: %v", fields, err)
		}
	}
	if err := c.EmitJSON(t.Context(), time.Now(), envelope.Info, "order", "", []byte(long+`}`)); err != nil {
		t.Error(err)
	}
	flush(t, c)
	if a := balanced(t, c); a.Offered != 1 || a.Done != 1 {
		t.Errorf("%+v", a)
	}
}

// An application's own time is the message's, but says nothing of when it was received: archives sort by that.
func TestEmitJSONReceivedNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := new(sinktest.Recorder)
		c := start(t, to, nil)
		for _, fields := range []string{`{}`, `{"a":"` + strings.Repeat("x", largeMessage) + `"}`} {
			for _, at := range []time.Time{{}, time.Unix(0, 0), time.Unix(1<<62, 0), time.Now().Add(-time.Hour)} {
				if err := c.EmitJSON(t.Context(), at, envelope.Info, "a", "", []byte(fields)); err != nil {
					t.Error(err)
				}
			}
		}
		flush(t, c)
		for i, m := range to.All() {
			if got := m.Meta().Received; !got.Equal(time.Now()) {
				t.Errorf("message %d was received %v", i, got)
			}
		}
		// Messages of one time come in any order when they went by several shards.
		own := time.Now().Add(-time.Hour).UTC().Format(`"2006-01-02T15:04:05`)
		if n := strings.Count(strings.Join(to.JSON(), "\n"), own); n != 2 {
			t.Errorf("%d messages of 2 tell their own time", n)
		}
	})
}

func TestEachSizeArrives(t *testing.T) {
	for _, borrower := range []bool{false, true} {
		to := &sinktest.Recorder{Borrower: borrower}
		c := start(t, to, nil)
		oneShard(c)
		var want []string
		for n := 1; n < maxMessage/4; n = n*3/2 + 1 {
			text := strings.Repeat("x", n)
			c.Emit(t.Context(), "payload", text)
			c.Emit(t.Context(), "field", "", slog.String("text", text), slog.String("escaped", strings.Repeat("\x01", n/8)))
			want = append(want, text, text)
		}
		flush(t, c)
		for i, m := range to.All() {
			got := m.Payload()
			if m.Type() == "field" {
				v, _ := m.Field("text")
				got = v.String()
			}
			if got != want[i] {
				t.Fatalf("message %d: %d bytes, want %d", i, len(got), len(want[i]))
			}
			if !json.Valid([]byte(m.JSON())) {
				t.Fatalf("message %d is not valid", i)
			}
		}
		if a := balanced(t, c); a.Done != uint64(len(want)) {
			t.Errorf("%+v", a)
		}
	}
}

func TestOrder(t *testing.T) {
	for _, borrower := range []bool{false, true} {
		to := &sinktest.Recorder{Borrower: borrower}
		c := start(t, to, nil)
		oneShard(c)
		const n = 5 * chunkCount
		for i := range n {
			c.Emit(t.Context(), "n", string(rune(i)))
			if i%100 == 0 {
				flush(t, c)
			}
		}
		for i, got := range sent(t, c, to) {
			if got != string(rune(i)) {
				t.Fatalf("message %d is %q", i, got)
			}
		}
		if to.Len() != n {
			t.Errorf("%d messages, want %d", to.Len(), n)
		}
	}
}

func TestClockFollowsTheWall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := new(sinktest.Recorder)
		c := start(t, to, nil)
		for _, wait := range []time.Duration{0, time.Microsecond, 999 * time.Millisecond, 2 * time.Second, time.Hour} {
			time.Sleep(wait)
			now := time.Now()
			c.Emit(t.Context(), "tick", "")
			flush(t, c)
			all := to.TakeAll()
			if at, ok := all[0].Timestamp(); !ok || !at.Equal(now.Truncate(time.Microsecond)) {
				t.Errorf("after %v: %v, want %v", wait, at, now)
			}
			if got := all[0].Meta().Received; !got.Equal(now) {
				t.Errorf("after %v: received %v, want %v", wait, got, now)
			}
		}
	})
}

// One goroutine on many processors is heard in order.
func TestOrderAcrossShards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := new(sinktest.Recorder)
		c := start(t, to, &Options{FlushInterval: time.Hour})
		const n = 200
		for i := range n {
			shard := &c.shards[rand.IntN(len(c.shards))]
			c.hint = sync.Pool{New: func() any { return shard }}
			c.Emit(t.Context(), "n", strconv.Itoa(i))
			time.Sleep(time.Nanosecond)
		}
		for i, got := range sent(t, c, to) {
			if got != strconv.Itoa(i) {
				t.Fatalf("message %d is %q", i, got)
			}
		}
		if to.Len() != n {
			t.Errorf("%d messages, want %d", to.Len(), n)
		}
	})
}

// Chunks are sent one by one where that keeps the order.
func TestTogether(t *testing.T) {
	const many = chunkCount - 10
	at := func(count int, first, last int64) *chunk {
		ch := &chunk{memory: make([]byte, 0, 1<<10), count: count}
		e := envelope.NewEncoder("shop", 1, "web1")
		e.Append(nil, &ch.messages[0], time.Unix(0, first), envelope.Info, "t", "", nil)
		e.Append(nil, &ch.messages[count-1], time.Unix(0, last), envelope.Info, "t", "", nil)
		return ch
	}
	for _, tt := range []struct {
		name   string
		chunks []*chunk
		want   int
	}{
		{"none", nil, 0},
		{"one", []*chunk{at(many, 1, 9)}, 1},
		{"one after the other", []*chunk{at(many, 1, 9), at(many, 10, 19), at(many, 20, 29)}, 1},
		{"small ones", []*chunk{at(2, 1, 9), at(2, 10, 19), at(many, 20, 29), at(2, 30, 39), at(many, 40, 49)}, 4},
		{"overlapping", []*chunk{at(many, 1, 9), at(many, 5, 19), at(many, 20, 29)}, 2},
		{"an early one behind", []*chunk{at(many, 1, 9), at(many, 10, 29), at(many, 5, 7), at(many, 30, 39)}, 3},
		{"in a chain", []*chunk{at(many, 1, 9), at(many, 10, 29), at(many, 5, 19), at(many, 20, 39)}, 4},
		{"too many", []*chunk{at(many, 1, 9), at(many, 1, 9), at(many, 1, 9), at(many, 1, 9), at(many, 1, 9), at(2, 1, 9)}, 4},
	} {
		if got := together(tt.chunks); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}
