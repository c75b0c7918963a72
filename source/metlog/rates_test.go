package metlog

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

func TestParseRates(t *testing.T) {
	r := rates(t, "# all at a tenth\n*=0.1\n\n cart.* = 1 \r\ncart.a?d=.25\n?odd?=0\nhttp.GET /items/{id}.*=1e-3")
	for name, want := range map[string]float64{
		"": 0.1, "shop": 0.1, "cart": 0.1, "cart.": 1, "cart.store": 1, "cart.add": 0.25, "cart.aéd": 0.25, "cart.aadd": 1,
		"=odd=": 0, "http.GET /items/{id}.2xx": 0.001, "a\nb": 0.1,
	} {
		if got := r.of(name); got != want {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
	if again := rates(t, r.String()); again.String() != r.String() || again.of("cart.add") != 0.25 {
		t.Errorf("%q", again.String())
	}
	if got := (Rates{}).of("anything"); got != 1 {
		t.Error("no rates:", got)
	}
}

func TestParseRatesRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"a":            "line 1: no NAME=RATE",
		"a=1\nb":       "line 2: no NAME=RATE",
		"#\n\n=1":      "line 3: no name",
		"a=":           "not a number from 0 to 1",
		"a=1.01":       "not a number",
		"a=-0.1":       "not a number",
		"a=NaN":        "not a number",
		"a=Inf":        "not a number",
		"a=0x1p-2":     "not a number",
		"a=1_0":        "not a number",
		"a=0,5":        "not a number",
		"a=1e-400\nb=": "line 2",
		"#\na=0=1":     `line 2: rate is not a number from 0 to 1: "0=1"`,
	} {
		if _, err := ParseRates(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestRatesApply(t *testing.T) {
	to := new(sinktest.Recorder)
	c := start(t, to, &Options{Rates: rates(t, "half.*=0.5\noff.*=0")})
	const n = 4000
	half, off, on := c.Timer("half.timer"), c.Timer("off.timer"), c.Timer("timer")
	for range n {
		half.Start().Stop()
		half.Send(time.Second)
		c.Incr("half.counter", 1)
		c.Gauge("half.gauge", 1)
		off.Start().Stop()
		off.Send(time.Second)
		c.Incr("off.counter", 1)
		c.Gauge("off.gauge", 1)
	}
	on.Start().Stop()
	c.Incr("counter", 1)
	flush(t, c)
	a := balanced(t, c)
	if a.Offered != 4*n+2 {
		t.Errorf("offered %d: what is off is not counted, want %d", a.Offered, 4*n+2)
	}
	if share := float64(a.Done) / (4 * n); math.Abs(share-0.5) > 0.05 {
		t.Errorf("%v were sent, want half", share)
	}
	counts := map[string]int{}
	for _, m := range to.TakeAll() {
		name, _ := m.Field("name")
		rate, _ := m.Field("rate")
		counts[name.String()+" "+rate.String()]++
	}
	if len(counts) != 5 || counts["half.timer 0.5"] == 0 || counts["timer 1"] != 1 || counts["counter 1"] != 1 {
		t.Error(counts)
	}
}

func TestSetRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := new(sinktest.Recorder)
		c := start(t, to, nil)
		timer := c.Timer("cart.store")
		before := timer.Start()
		c.SetRates(rates(t, "cart.*=0"))
		before.Stop() // decided when it was started
		timer.Start().Stop()
		c.Incr("cart.added", 1)
		c.SetRates(rates(t, "cart.*=0\ncart.*=1"))
		timer.Start().Stop()
		c.Incr("cart.added", 1)
		if got := sent(t, c, to); len(got) != 3 {
			t.Errorf("sent %v", got)
		}
	})
}

func TestManyNames(t *testing.T) {
	c := start(t, new(sinktest.Recorder), &Options{Rates: rates(t, "*=1e-9")})
	for i := range maxSeries + 100 {
		c.Incr(fmt.Sprint("name", i), 1)
	}
	c.Timer("one more").Start().Stop()
	if n := len(c.series.all); n != maxSeries {
		t.Errorf("%d names are remembered", n)
	}
	if one, two := c.Timer("name1"), c.Timer("name1"); one != two {
		t.Error("a timer has two handles")
	}
	dropped(t, c, map[string]uint64{"sampled": maxSeries + 101})
}

func TestRatesConcurrently(t *testing.T) {
	c := start(t, hole{}, &Options{Rates: rates(t, "*=0.5")})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 200 {
				c.Incr(fmt.Sprint("name", i*g), 1)
				c.Timer(fmt.Sprint("name", i)).Start().Stop()
				if i%50 == 0 {
					c.SetRates(rates(t, fmt.Sprintf("*=0.%d", i/50+1)))
				}
			}
		})
	}
	wg.Wait()
	if a := balanced(t, c); a.Offered != 1600 {
		t.Errorf("%+v", a)
	}
}

func FuzzParseRates(f *testing.F) {
	f.Add("*=0.1\ncart.*=1", "cart.added")
	f.Add("# x\na?c*=0\n=b=.5", "aéc")
	f.Add("a**b?*=1e-3", "axxb.")
	f.Fuzz(func(t *testing.T, text, name string) {
		r, err := ParseRates(text)
		if err != nil {
			return
		}
		if rate := r.of(name); !(rate >= 0 && rate <= 1) {
			t.Fatalf("rate %v", rate)
		}
		again, err := ParseRates(r.String())
		if err != nil || again.of(name) != r.of(name) {
			t.Fatalf("read again: %v", err)
		}
		for _, l := range r.lines {
			if len(l.glob)+len(name) < 20 && utf8.ValidString(l.glob+name) && match(l.glob, name) != slowMatch([]rune(l.glob), []rune(name)) {
				t.Fatalf("match(%q, %q)", l.glob, name)
			}
		}
	})
}

// slowMatch is match as one would define it.
func slowMatch(glob, name []rune) bool {
	switch {
	case len(glob) == 0:
		return len(name) == 0
	case glob[0] == '*':
		return slowMatch(glob[1:], name) || len(name) > 0 && slowMatch(glob, name[1:])
	case len(name) == 0:
		return false
	}
	return (glob[0] == '?' || glob[0] == name[0]) && slowMatch(glob[1:], name[1:])
}
