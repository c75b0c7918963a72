package integration

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func TestHangupReadsTheRulesAgain(t *testing.T) {
	rules := filepath.Join(t.TempDir(), "rules")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(rules, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const toStatsd = "counts: Type == 'counter' -> statsd\nrest: OTHERWISE -> archive\n"
	write(toStatsd)
	stats := startStatsd(t)
	r := startRouter(t, "-statsd", stats.addr, "-rules", rules)
	peer := dialOld(t, r.zmq)
	hits := 0.0
	counted := func(name string) {
		t.Helper()
		peer.send(fmt.Sprintf(`{"type":"counter","logger":"l","payload":"1","fields":{"name":"hits","how":"%s"}}`, name))
		hits++
		eventually(t, func() string { return name + " is counted\n" + r.output.String() }, func() bool { return stats.counters()["l.hits"] == hits })
	}
	archived := func(name string) {
		t.Helper()
		peer.send(fmt.Sprintf(`{"type":"counter","logger":"l","payload":"1","fields":{"name":"hits","how":"%s"}}`, name))
		eventually(t, func() string { return name + " is archived\n" + r.output.String() }, func() bool { return r.holds(`"`+name+`"`, 1) })
	}
	hangup := func(says string) {
		t.Helper()
		before := strings.Count(r.output.String(), says)
		if err := r.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() string { return "it says " + says + "\n" + r.output.String() }, func() bool {
			return strings.Count(r.output.String(), says) > before
		})
	}

	counted("under the first rules")
	write("all: TRUE -> archive\n")
	counted("before the signal")
	hangup("rules now in force: all\n")
	archived("under the second rules")
	write("all: TRUE -> archive\ncounts: Type = 'counter' -> statsd\n")
	hangup("the rules stay as they were: -rules " + rules + ": route: rules line 2: ")
	archived("with a file that is wrong")
	write("all: TRUE -> hdfs\n")
	hangup("sink hdfs is not configured")
	archived("with a sink that is not there")
	if err := os.Remove(rules); err != nil {
		t.Fatal(err)
	}
	hangup("no such file")
	archived("without a file")
	write(toStatsd)
	hangup("rules now in force: counts, rest\n")
	counted("under the first rules again")

	output := r.stop()
	if n := len(r.lines()); n != 4 {
		t.Errorf("%d lines archived, not 4", n)
	}
	if a := account(t, output, "statsd"); a.done != 3 {
		t.Errorf("statsd was sent %d\n%s", a.done, output)
	}
}

// Ended while peers go on sending, the router stops reading, drains, and what it says it took is there.
func TestTerminateUnderLoad(t *testing.T) {
	r := startRouter(t)
	for range 3 {
		flood(t, dialOld(t, r.zmq).conn, appendFrame)
	}
	flood(t, dialOld(t, r.sub).conn, appendFrame)
	datagrams, err := net.Dial("udp", r.udp)
	if err != nil {
		t.Fatal(err)
	}
	flood(t, datagrams, func(bytes []byte, _ byte, body string) []byte { return append(bytes, body...) })
	eventually(t, func() string { return "the load arrives\n" + r.output.String() }, func() bool { return len(r.lines()) > 5_000 })

	began := time.Now()
	output := r.stop()
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("it took %v to end", took)
	}
	archive := account(t, output, "archive")
	taken := account(t, output, "zmq pull").done + account(t, output, "zmq sub").done + account(t, output, "udp ").done
	lines := len(r.lines())
	if archive.done != lines || taken != lines {
		t.Errorf("%d lines archived\n%s", lines, output)
	}
	once(t, r.lines())
}

// Killed again and again while loaded, and started on the same archive: what stood in it is there once, and nothing half.
func TestKillUnderLoad(t *testing.T) {
	archive := filepath.Join(t.TempDir(), "archive")
	var acknowledged []string
	for range 3 {
		r := startRouterOn(t, archive)
		flood(t, dialOld(t, r.zmq).conn, appendFrame)
		flood(t, dialOld(t, r.zmq).conn, appendFrame)
		eventually(t, func() string { return "the load arrives\n" + r.output.String() }, func() bool {
			return len(r.lines()) > len(acknowledged)+3_000
		})
		r.kill()
		acknowledged = r.lines() // whole ones
		slices.Sort(acknowledged)
		acknowledged = slices.Compact(acknowledged) // killed between a segment's sealing and its removal, there are both
	}
	r := startRouterOn(t, archive)
	eventually(t, func() string { return "what was left is sealed\n" + r.output.String() }, func() bool { return len(r.open()) == 0 })
	r.stop()
	lines := r.lines()
	once(t, lines)
	same(t, "archived", lines, acknowledged)
}

// Two routers share a directory. One dies; a third seals what it left and keeps its hands off what the second writes.
func TestTwoRoutersOneArchive(t *testing.T) {
	archive := filepath.Join(t.TempDir(), "archive")
	text := func(who string, n int) string {
		return fmt.Sprintf(`{"type":"load","logger":"%s","payload":"%d"}`, who, n)
	}
	var want []string
	feed := func(r *router, who string, from int) {
		t.Helper()
		peer := dialOld(t, r.zmq)
		for n := range 500 {
			peer.send(text(who, from+n))
			want = append(want, text(who, from+n))
		}
		eventually(t, func() string { return who + "'s are archived\n" + r.output.String() }, func() bool { return r.holds(`{`, len(want)) })
	}
	first := startRouterOn(t, archive)
	feed(first, "first", 0)
	left := first.open()
	second := startRouterOn(t, archive)
	feed(second, "second", 0)
	first.kill()
	third := startRouterOn(t, archive)
	eventually(t, func() string { return "what the first one left is sealed\n" + third.output.String() }, func() bool {
		return !slices.ContainsFunc(third.open(), func(name string) bool { return slices.Contains(left, name) })
	})
	if len(left) == 0 || len(third.open()) == 0 {
		t.Error("the second one's segment is sealed too")
	}
	feed(second, "second", 500)
	feed(third, "third", 0)
	second.stop()
	third.stop()
	same(t, "archived", third.lines(), want)
	if open := third.open(); len(open) > 0 {
		t.Errorf("left in _open: %q", open)
	}
}

var (
	floodLine = regexp.MustCompile(`^\{"type":"load","logger":"((?:tcp|udp)\d+)","payload":"(\d+)","fields":\{"pad":"x{100}"\}\}$`)
	flooding  atomic.Int32 // so many floods have begun
)

// flood sends numbered messages on a connection until that breaks or the test ends.
func flood(t *testing.T, conn net.Conn, frame func(bytes []byte, flags byte, body string) []byte) {
	name := fmt.Sprint(conn.RemoteAddr().Network(), flooding.Add(1))
	var sending sync.WaitGroup
	sending.Go(func() {
		for n := 0; ; n++ {
			body := fmt.Sprintf(`{"type":"load","logger":"%s","payload":"%d","fields":{"pad":"%s"}}`, name, n, strings.Repeat("x", 100))
			if _, err := conn.Write(frame(nil, last, body)); err != nil && conn.RemoteAddr().Network() == "tcp" || t.Context().Err() != nil {
				return
			}
			if n%20 == 19 {
				time.Sleep(time.Millisecond) // some 20,000 a second are load enough
			}
		}
	})
	t.Cleanup(func() {
		conn.Close()
		sending.Wait()
	})
}

// once fails the test when a line is not a whole one of flood's or stands there twice, or when one is missing before the
// last that came over a connection.
func once(t *testing.T, lines []string) {
	t.Helper()
	streams := make(map[string][]int)
	for _, line := range lines {
		parts := floodLine.FindStringSubmatch(line)
		if parts == nil {
			t.Fatalf("the archive holds %q", line)
		}
		n, _ := strconv.Atoi(parts[2])
		streams[parts[1]] = append(streams[parts[1]], n)
	}
	for name, seen := range streams {
		slices.Sort(seen)
		if unique := slices.Compact(slices.Clone(seen)); len(unique) != len(seen) {
			t.Errorf("%s: %d messages stand %d times", name, len(unique), len(seen))
		}
		if end := seen[len(seen)-1]; strings.HasPrefix(name, "tcp") && len(seen) <= end {
			t.Errorf("%s: %d messages of the first %d", name, len(seen), end+1)
		}
	}
}
