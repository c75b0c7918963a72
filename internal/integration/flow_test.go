package integration

import (
	"fmt"
	"maps"
	"math"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
)

const hello = `{"type":"hello","payload":"","fields":{}}`

// Every message that the original clients were ever seen to send goes over every transport into the example router. Each
// must come out where the rules say, once, as it was; the books must balance.
func TestGolden(t *testing.T) {
	vectors := goldenVectors(t)
	transports := []struct {
		name string
		send func(t *testing.T, r *router)
	}{
		{"python PUSH", func(t *testing.T, r *router) { sendAll(python(t, "push", r.zmq), vectors) }},
		{"node PUSH", func(t *testing.T, r *router) { sendAll(node(t, "push", r.zmq), vectors) }},
		{"python PUB", func(t *testing.T, r *router) { sendAll(publisher(t, r, python(t, "pub", r.sub)), vectors) }},
		{"UDP", func(t *testing.T, r *router) { sendDatagrams(t, r, vectors) }},
	}
	for _, transport := range transports {
		t.Run(transport.name, func(t *testing.T) {
			stats := startStatsd(t)
			r := startRouter(t, "-statsd", stats.addr)
			transport.send(t, r)
			expectGolden(t, r, stats, vectors)
		})
	}
}

// A Node publisher binds, so the router connects.
func TestGoldenNodePublisher(t *testing.T) {
	vectors := goldenVectors(t)
	stats := startStatsd(t)
	endpoint := fmt.Sprintf("tcp://127.0.0.1:%d", freePort(t))
	r := startRouter(t, "-statsd", stats.addr, "-zmq-sub", ">"+endpoint)
	sendAll(publisher(t, r, node(t, "pub", endpoint)), vectors)
	expectGolden(t, r, stats, vectors)
}

func sendAll(c *client, vectors []vector) {
	for _, v := range vectors {
		c.send(v.frame)
	}
	c.close()
}

// publisher returns c when its subscription has proved to be there.
func publisher(t *testing.T, r *router, c *client) *client {
	c.send(hello)
	eventually(t, func() string { return "a published message arrives\n" + r.output.String() }, func() bool { return r.holds(`"hello"`, 1) })
	return c
}

func sendDatagrams(t *testing.T, r *router, vectors []vector) {
	conn, err := net.Dial("udp", r.udp)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	eventually(t, func() string { return "a datagram arrives\n" + r.output.String() }, func() bool {
		_, _ = conn.Write([]byte(hello)) // refused as long as nobody listens
		return r.holds(`"hello"`, 1)
	})
	for i, v := range vectors {
		if _, err := conn.Write([]byte(v.frame)); err != nil {
			t.Fatal(v.name, err)
		}
		if i%16 == 0 {
			time.Sleep(5 * time.Millisecond) // a socket's buffer is small and nobody says when it is full
		}
	}
}

func expectGolden(t *testing.T, r *router, stats *statsd, vectors []vector) {
	t.Helper()
	var archived, dead []string
	counts := map[string]float64{"statsd.bad_lines_seen": 0, "statsd.packets_received": 0, "statsd.metrics_received": 0}
	for _, v := range vectors {
		switch {
		case v.dead:
			dead = append(dead, v.text)
		case v.bad:
			counts["statsd.bad_lines_seen"]++
			counts["statsd.metrics_received"]++
		case v.stat:
			counts["statsd.metrics_received"]++
			if v.count != 0 {
				counts[v.key] += v.count
			}
		default:
			archived = append(archived, v.text)
		}
	}
	eventually(t, func() string {
		return fmt.Sprintf("%d lines archived (%d are), %v metrics at statsd (%v are)\n%s", len(archived)+len(dead), len(r.lines()),
			counts["statsd.metrics_received"], stats.counters()["statsd.metrics_received"], r.output.String())
	}, func() bool {
		return r.holds(`"env_version"`, len(archived)+len(dead)) && stats.counters()["statsd.metrics_received"] == counts["statsd.metrics_received"]
	})
	t.Log("\n" + r.stop())

	var gotArchived, gotDead []string
	for _, line := range r.lines() {
		m, err := envelope.Parse([]byte(line))
		switch {
		case err != nil:
			t.Errorf("the archive holds %q: %v", line, err)
		case m.Type() == "hello":
		case m.Type() == envelope.TypeDeadLetter:
			gotDead = append(gotDead, m.Payload())
		default:
			gotArchived = append(gotArchived, line)
		}
	}
	same(t, "archived", gotArchived, archived)
	same(t, "dead letters", gotDead, dead)
	got := stats.counters()
	counts["statsd.packets_received"] = got["statsd.packets_received"] // how lines were packed is statsdsink's affair
	for key := range maps.Keys(got) {
		counts[key] += 0
	}
	for key, want := range counts {
		if math.Abs(got[key]-want) > 1e-6*max(1, math.Abs(want)) {
			t.Errorf("statsd's counter %s is %v, not %v", key, got[key], want)
		}
	}
}

// same compares two lists regardless of order.
func same(t testing.TB, what string, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if slices.Equal(got, want) {
		return
	}
	counts := make(map[string]int)
	for _, text := range want {
		counts[text]++
	}
	for _, text := range got {
		counts[text]--
	}
	for text, n := range counts {
		if n != 0 {
			t.Errorf("%s: %+d of %s", what, -n, strings.TrimSpace(text))
		}
	}
}
