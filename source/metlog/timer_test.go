package metlog

import (
	"log/slog"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

func TestTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := new(sinktest.Recorder)
		c := start(t, to, nil)
		timer := c.Timer("cart.store")
		outer := timer.Start()
		inner := timer.Start() // runs of one timer do not disturb one another
		time.Sleep(1500 * time.Microsecond)
		inner.Stop(slog.String("class", "2xx"))
		time.Sleep(10 * time.Millisecond)
		outer.Stop()
		end := time.Now()
		timer.Send(time.Minute)
		Running{}.Stop()
		if got, want := sent(t, c, to), []string{"1.5", "11.5", "60000"}; !slices.Equal(got, want) {
			t.Errorf("sent %v, want %v", got, want)
		}
		all := to.All()
		if at, _ := all[1].Timestamp(); !at.Equal(end) {
			t.Errorf("timestamp %v, want the end, %v", at, end)
		}
		if class, _ := all[0].Field("class"); class.String() != "2xx" {
			t.Error(all[0].JSON())
		}
	})
}

func TestTimerTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := new(sinktest.Recorder)
		c := start(t, to, nil)
		timer := c.Timer("cart.store")
		timer.Time(func() { time.Sleep(7 * time.Millisecond) })
		func() {
			defer func() { _ = recover() }()
			timer.Time(func() {
				time.Sleep(9 * time.Millisecond)
				panic("boom")
			})
		}()
		if got := sent(t, c, to); !slices.Equal(got, []string{"7", "9"}) {
			t.Errorf("sent %v", got)
		}
	})
}

func TestMillis(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0", 1: "0", 499: "0", 500: "0.001", time.Microsecond: "0.001", 120 * time.Microsecond: "0.12",
		time.Millisecond: "1", 38*time.Millisecond + 499: "38", 1234567: "1.235", 999_999_500: "1000", time.Hour: "3600000",
		-1: "0", -time.Hour: "0", math.MinInt64: "0", math.MaxInt64: "9223372036854.776",
	} {
		if got := string(appendMillis(nil, d)); got != want {
			t.Errorf("%d ns: %s, want %s", int64(d), got, want)
		}
	}
}

func TestCounters(t *testing.T) {
	to := new(sinktest.Recorder)
	c := start(t, to, nil)
	c.Incr("a", math.MaxInt64)
	c.Incr("a", math.MinInt64)
	c.Decr("a", math.MinInt64)
	c.Decr("a", math.MaxInt64)
	c.Incr("a", 0)
	c.Decr("a", 0)
	c.Decr("a", -1)
	c.Gauge("a", -0.5)
	c.Gauge("a", math.NaN())
	c.Gauge("a", math.Inf(1))
	c.Gauge("a", math.Inf(-1))
	want := []string{"9223372036854775807", "-9223372036854775808", "9223372036854775808", "-9223372036854775807", "0", "0", "1", "-0.5"}
	if got := sent(t, c, to); !slices.Equal(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
	dropped(t, c, map[string]uint64{"number": 3})
}
