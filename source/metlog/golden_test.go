package metlog

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

// sentBy returns what an original client sent under a name.
func sentBy(t *testing.T, file, name string) map[string]any {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "envelope", "testdata", "golden", file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var v struct {
			Name string `json:"name"`
			Raw  string `json:"raw_b64"`
		}
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		if v.Name == name {
			raw, err := base64.StdEncoding.DecodeString(v.Raw)
			if err != nil {
				t.Fatal(err)
			}
			return object(t, string(raw))
		}
	}
	t.Fatalf("%s has no %s", file, name)
	return nil
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// A 2012 router can read what this client sends: it has the members of the original clients, of the same types.
func TestShapeOfOriginals(t *testing.T) {
	number := regexp.MustCompile(`^-?[0-9]+$`)
	for _, tt := range []struct {
		name, file, vector string
		send               func(*Client)
		payload            *regexp.Regexp
	}{
		{"timer, Python", "py-0.10.0/timer.jsonl", "timer-context", func(c *Client) { c.Timer("shop.views.cart").Send(38 * time.Millisecond) }, number},
		{"timer, Node", "node/timer.jsonl", "timer-wrapper", func(c *Client) { c.Timer("stock.held").Send(38 * time.Millisecond) }, number},
		{"counter, Python", "py-0.10.0/counter.jsonl", "incr", func(c *Client) { c.Incr("hits", 1) }, number},
		{"counter, Node", "node/counter.jsonl", "incr", func(c *Client) { c.Incr("hits", 1) }, number},
		{"oldstyle, Python", "py-0.10.0/oldstyle.jsonl", "oldstyle-warn", func(c *Client) {
			c.Log(t.Context(), envelope.Warning, "payment gateway refused card (warn)")
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			to := new(sinktest.Recorder)
			want := sentBy(t, tt.file, tt.vector)
			host, _ := want["metlog_hostname"].(string)
			pid, _ := want["metlog_pid"].(float64)
			logger, _ := want["logger"].(string)
			c := start(t, to, &Options{Logger: logger, Hostname: host, PID: int(pid)})
			tt.send(c)
			flush(t, c)
			text := to.JSON()[0]
			strict := envelope.Parser{Strict: true}
			if _, err := strict.AppendParse(nil, text, len(text), envelope.Meta{}); err != nil {
				t.Errorf("strict: %v", err)
			}
			got := object(t, text)
			if payload, _ := got["payload"].(string); tt.payload != nil && !tt.payload.MatchString(payload) {
				t.Errorf("payload %q", payload)
			}
			delete(got, "timestamp")
			delete(want, "timestamp")
			if !same(got, want) {
				t.Errorf("sent %v, the original %v", got, want)
			}
		})
	}
}

// same compares values of decoded JSON.
func same(a, b any) bool {
	x, ok1 := a.(map[string]any)
	y, ok2 := b.(map[string]any)
	if !ok1 || !ok2 {
		return a == b
	}
	keys := slices.Sorted(maps.Keys(x))
	if !slices.Equal(keys, slices.Sorted(maps.Keys(y))) {
		return false
	}
	return !slices.ContainsFunc(keys, func(k string) bool { return !same(x[k], y[k]) })
}
