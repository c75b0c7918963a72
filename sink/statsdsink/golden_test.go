package statsdsink

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
)

// Where this sink is not to do what the original router did. In all other rows of testdata/router.jsonl the lines are the
// same as a server reads them: same name, same kind, equal value, equal rate. Two differences run through all rows, and are
// bugs of the original too: its releases from 0.8.6 on put a dot before every name, and every value is float text (38 went
// out as 38.0; the sender's digits are kept here).
func departures() map[string]departure {
	all := make(map[string]departure)
	depart := func(why, want string, names ...string) {
		for _, name := range names {
			all[name] = departure{why, want}
		}
	}
	depart("text that is no number was sent as 0.0", "",
		"statsd/py-0.9.10/timer-send-value-15", "statsd/py-0.9.10/timer-send-value-16", "statsd/py-0.9.10/timer-send-value-17",
		"statsd/py-0.9.10/timer-send-value-18", "statsd/py-0.9.10/timer-send-value-19", "statsd/py-0.9.10/timer-send-value-20",
		"statsd/py-0.9.10/incr-count-12", "statsd/py-0.9.10/incr-count-14",
		"statsd/node/incr-count-11", "statsd/node/incr-count-12", "statsd/node/incr-count-13", "statsd/node/incr-count-15",
		"statsd/node/incr-count-16", "statsd/node/incr-count-18",
		"statsd/hand/payload-text", "statsd/hand/payload-empty", "statsd/hand/payload-null", "statsd/hand/payload-hex", "statsd/hand/payload-nan")
	depart("text that only begins with a number was cut and sent", "",
		"statsd/node/incr-count-17", "statsd/hand/payload-tail", "statsd/hand/payload-underscore")
	depart("an overflow was sent as Infinity", "", "statsd/hand/payload-huge")
	depart("JRuby prints 15 digits", "hits:12345678901234567000|c", "statsd/node/incr-count-4")
	depart("JRuby prints 15 digits", "views.cart:12345678901234567890|ms", "statsd/hand/payload-big")

	depart("a missing or unreadable rate was sent as 0.0, a division by zero for the server", "n:38|ms",
		"statsd/hand/rate-missing", "statsd/hand/rate-null", "statsd/hand/rate-empty", "statsd/hand/rate-0", "statsd/hand/rate-bad")
	depart("a missing rate was sent as 0.0", "hits:1|c", "statsd/py-0.8.5/zmq-pub-frame-1")
	depart("a missing rate was sent as 0.0", "hits:-3|c", "statsd/py-0.8.5/zmq-pub-frame-2")
	depart("a negative rate was sent", "n:38|ms", "statsd/hand/rate-neg")
	depart("a rate of true raised an error; it says nothing here", "n:38|ms", "statsd/hand/rate-true")

	depart("a message without a name was sent as an empty one", "",
		"statsd/hand/name-missing", "statsd/hand/name-null", "statsd/hand/name-empty", "statsd/py-0.9.10/incr-name-6",
		"statsd/node/incr-name-6", "statsd/hand/fields-empty")
	depart("a message without a name was sent under its prefix", "", "statsd-0.8.5/name-missing")
	depart("fields that are text were searched for the word name", "", "statsd/hand/fields-string")
	depart("an object or array became a name as Ruby prints it", "", "statsd/hand/name-object", "statsd/hand/name-array")
	depart("a name could add a line", "a_evil_1_c:38|ms", "statsd/hand/name-newline")
	depart("a name could add a line to a server that drops the eighth bit", "caf_.latte:1|c", "statsd/py-0.9.10/incr-name-5", "statsd/node/incr-name-5")
	depart("a name could add a line to a server that drops the eighth bit", "caf_._:38|ms|@0.5", "statsd/hand/name-unicode")
	depart("a name could hold control characters", "a_b:38|ms", "statsd/hand/name-nul")
	depart("a name could add a tag (Librato's form, #)", "a/b%20_c:38|ms", "statsd/hand/name-slash")
	depart("the prefix could add fields", "a.b_c_d_e.k:38|ms|@0.5", "statsd-0.8.5/logger-reserved")

	depart("there were no gauges", "views.cart:38|g", "statsd/untagged/gauge")
	return all
}

// A departure is what is sent instead, "" for nothing, and what the original did that calls for it.
type departure struct{ why, want string }

// A golden is what the original router sent to statsd for some messages.
type golden struct {
	Name    string
	In, Out []string
}

func goldens(t testing.TB) (rows []golden) {
	t.Helper()
	f, err := os.Open("testdata/router.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var g golden
		if err := json.Unmarshal(lines.Bytes(), &g); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, g)
	}
	if len(rows) != 187 || lines.Err() != nil {
		t.Fatalf("testdata has %d rows (%v)", len(rows), lines.Err())
	}
	return rows
}

func TestGolden(t *testing.T) {
	departures := departures()
	for _, g := range goldens(t) {
		t.Run(g.Name, func(t *testing.T) {
			var got []string
			for _, text := range g.In {
				m := parse(t, text)
				prefix := NoPrefix
				if strings.HasPrefix(g.Name, "statsd-0.8.5/") {
					prefix = PrefixFieldsLogger
				}
				if line, err := lineOf(&m, prefix); err == nil {
					got = append(got, line)
				}
			}
			want := g.Out
			departure, departs := departures[g.Name]
			delete(departures, g.Name)
			if departs {
				if same(got, want) {
					t.Errorf("it is said to depart (%s), and does not: %q", departure.why, got)
				}
				want = nil
				if departure.want != "" {
					want = []string{departure.want}
				}
			}
			if !same(got, want) {
				t.Errorf("sent %q, want %q", got, want)
			}
		})
	}
	for name := range departures {
		t.Errorf("no row is called %s", name)
	}
}

// same compares lines as a server reads them.
func same(got, want []string) bool {
	if len(got) != len(want) {
		return false
	}
	for i := range got {
		gotName, gotValue, gotRest, gotRate := fields(got[i])
		name, value, rest, rate := fields(strings.TrimPrefix(want[i], "."))
		if gotName != name || gotValue != value || gotRest != rest || gotRate != rate {
			return false
		}
	}
	return true
}

// fields splits a line as a server does.
func fields(line string) (name string, value float64, kind string, rate float64) {
	name, line, _ = strings.Cut(line, ":")
	text, line, _ := strings.Cut(line, "|")
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		value = math.NaN()
	}
	kind, text, sampled := strings.Cut(line, "|@")
	rate = 1
	if sampled {
		if rate, err = strconv.ParseFloat(text, 64); err != nil {
			rate = math.NaN()
		}
	}
	return name, value, kind, rate
}
