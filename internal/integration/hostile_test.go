package integration

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/mozilla-services/metlog-go/envelope"
)

// An attack is bytes that no well-meaning peer sends.
type attack struct {
	name string
	run  func(t *testing.T, v *victim)
}

// A victim is a router under attack, and what its archive must hold in the end.
type victim struct {
	*router
	undecodable []string // payloads of dead letters
	refused     []string // by statsd
	archived    []string
	counted     int // sent on to statsd
	served      int // messages of the good peer
	ends        int // messages that were the last of a bad one
}

var attacks = []attack{
	{"random bytes", func(t *testing.T, v *victim) {
		noise := rand.New(rand.NewPCG(3, 7))
		for i := range 60 {
			bytes := make([]byte, 1+noise.IntN(64<<10))
			for i := range bytes {
				bytes[i] = byte(noise.Uint32())
			}
			peer := dial(t, []string{v.zmq, v.sub}[i%2])
			_, _ = peer.conn.Write(bytes) // it may be cut off in the middle
		}
	}},
	{"frames that claim gigabytes", func(t *testing.T, v *victim) {
		for _, endpoint := range []string{v.zmq, v.sub} {
			for _, claim := range []uint64{2 << 30, 4 << 30, 1 << 62, 1<<64 - 1} {
				long := string(binary.BigEndian.AppendUint64(nil, claim))
				for range 5 {
					old, modern := dialOld(t, endpoint), dialModern(t, v.router, endpoint)
					old.write("\xff" + long)
					modern.write("\x02" + long)
					old.cutOff()
					modern.cutOff()
				}
			}
		}
	}},
	{"handshakes held open", func(t *testing.T, v *victim) {
		hello := null + readyPush
		for n := range 120 {
			dial(t, []string{v.zmq, v.sub}[n%2]).write(hello[:n%len(hello)])
		}
	}},
	{"messages of 2 MiB", func(t *testing.T, v *victim) {
		body := `{"type":"large","payload":"` + strings.Repeat("x", 2<<20) + `"}`
		for range 10 {
			old, modern := dialOld(t, v.zmq), dialModern(t, v.router, v.zmq)
			_, _ = old.conn.Write(appendFrame(nil, last, body)) // cut off in the middle
			_, _ = modern.conn.Write(modernFrame(body))
			old.cutOff()
			modern.cutOff()
		}
		body = body[:1<<20-100] + `"}` // just not too large
		old, modern := dialOld(t, v.zmq), dialModern(t, v.router, v.zmq)
		modern.write(string(modernFrame(body)))
		eventually(t, func() string { return "a large message arrives" }, func() bool { return v.holds(body, 1) })
		v.archived = append(v.archived, body)
		v.sendGood(old, body)
		v.arrived(old)
	}},
	{"text that is no envelope", func(t *testing.T, v *victim) {
		peer := dialOld(t, v.zmq)
		good := `{"type":"order","logger":"shop","payload":"p","fields":{"a":[1,{"b":null}]}}`
		for n := 1; n < len(good); n++ {
			v.sendBad(peer, good[:n])
		}
		v.sendBad(peer,
			strings.Repeat("[", 100_000),
			`{"fields":{"a":`+strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)+`}}`,
			strings.Repeat(`{"fields":`, 100),
			`{"type":"a","type":"b"}`,
			`{"type":"a","t\u0079pe":"b"}`,
			"trailing",
			"null", "7", `"text"`, "\x00", "\xff\xfe", `{"type":01}`, `{"type":"a",}`, "{'type':'a'}",
		)
		v.arrived(peer)
	}},
	{"text that must be rewritten", func(t *testing.T, v *victim) {
		peer := dialOld(t, v.zmq)
		for _, text := range []string{
			"{\"type\":\n\"order\",\r\n\t\"fields\":\n{\"a\"\n:\n1}}", // a newline would be a forged line
			"{\"type\":\"order\",\"payload\":\"caf\xe9 \xff\xed\xa0\x80\"}",
			`{"type":"order","fields":{"a":NaN,"b":-Infinity}}`,
			`{"type":"order","payload":"\u0000\u000a{\"type\":\"forged\"}\ud800"}`,
			`{"type":"order","fields":{"a":1,"a":2}}`,
		} {
			v.sendGood(peer, text)
		}
		v.arrived(peer)
	}},
	{"datagrams of 65,507 bytes", func(t *testing.T, v *victim) {
		conn, err := net.Dial("udp", v.udp)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		empty := len(`{"type":"datagram","payload":""}`)
		good := `{"type":"datagram","payload":"` + strings.Repeat("d", 65_507-empty) + `"}`
		bad := strings.Repeat("\xaa", 65_507)
		for _, datagram := range []string{bad, "", good} {
			if _, err := io.WriteString(conn, datagram); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Millisecond)
		}
		eventually(t, func() string { return "the last datagram arrives" }, func() bool { return v.holds(good, 1) })
		v.archived = append(v.archived, good)
		v.undecodable = append(v.undecodable, bad, "")
	}},
	{"hostile names and values", func(t *testing.T, v *victim) {
		evil := []string{
			"", ".", "..", "../../../../tmp/x", "/etc/passwd", "a\nb:1|c", "a\r\n", "a|c", "a:1|c", "a:1|c|@0.1|#tag", "@", "a b", "\x00", "\u2028",
			"é", "%2e%2e%2f", "$(id)", "`id`", "';--", "dt=2001-01-01/hour=00", "_open", "%n%s", strings.Repeat("n", 5000), "\ufeff",
		}
		peer := dialOld(t, v.zmq)
		for i, text := range evil {
			v.sendGood(peer, seal(t, map[string]any{"type": "t" + text, "logger": text, "payload": text, "metlog_hostname": text, "fields": map[string]any{text: text}}))
			for _, kind := range []string{"counter", "timer", "gauge"} {
				for _, m := range []map[string]any{
					{"logger": text, "payload": "1", "fields": map[string]any{"name": "name", "rate": 1}},
					{"logger": "l", "payload": "1", "fields": map[string]any{"name": text + "x", "rate": 1}},
					{"logger": "l", "payload": "1", "fields": map[string]any{"name": "name", "rate": text}},
					{"logger": text, "payload": strconv.Itoa(i), "fields": map[string]any{"name": text + "x", "rate": "0.5" + text}},
				} {
					m["type"] = kind
					v.sendStat(peer, seal(t, m))
				}
				v.sendRefused(peer, seal(t, map[string]any{"type": kind, "payload": "1|c" + text, "fields": map[string]any{"name": "n"}}))
				v.sendRefused(peer, seal(t, map[string]any{"type": kind, "payload": "NaN", "fields": map[string]any{"name": text}}))
			}
		}
		v.arrived(peer)
	}},
	{"10,000 distinct types, loggers and names", func(t *testing.T, v *victim) {
		peer := dialOld(t, v.zmq)
		for n := range 10_000 {
			v.sendGood(peer, fmt.Sprintf(`{"type":"type%d","logger":"../logger%d","payload":""}`, n, n))
			v.sendStat(peer, fmt.Sprintf(`{"type":"counter","logger":"l%d","payload":"1","fields":{"name":"n%d:|@"}}`, n%100, n))
		}
		v.arrived(peer)
	}},
}

// Whatever comes, memory stays bounded, good peers are served, the books balance and say where everything went.
func TestHostilePeers(t *testing.T) {
	const maxMemory = 192 << 20 // bytes; 65 MiB were seen, most of them the race detector's
	stats := startStatsd(t)
	v := &victim{router: startRouter(t, "-statsd", stats.addr)}
	good := python(t, "push", v.zmq)
	for _, attack := range attacks {
		t.Run(attack.name, func(t *testing.T) {
			attack.run(t, v)
			v.serves(t, good)
			if peak := v.peakMemory(t); peak > maxMemory {
				t.Errorf("%d MiB in memory", peak>>20)
			}
		})
	}

	good.close()
	v.settle(t)
	v.checkFiles(t)
	v.checkStatsd(t, stats)
}

// sendBad sends what nobody can decode.
func (v *victim) sendBad(p *oldPeer, frames ...string) {
	p.send(frames...)
	v.undecodable = append(v.undecodable, frames...)
}

// sendGood sends what the archive must hold, rewritten or not.
func (v *victim) sendGood(p *oldPeer, frame string) {
	p.send(frame)
	v.archived = append(v.archived, archivedAs(v.t, frame)...)
}

func (v *victim) sendStat(p *oldPeer, frame string) {
	p.send(frame)
	v.counted++
}

// sendRefused sends what no line of statsd's can say.
func (v *victim) sendRefused(p *oldPeer, frame string) {
	p.send(frame)
	v.refused = append(v.refused, archivedAs(v.t, frame)...)
}

// arrived returns when everything that p has sent is where it belongs: a connection keeps its order.
func (v *victim) arrived(p *oldPeer) {
	v.t.Helper()
	v.ends++
	text := fmt.Sprintf(`{"type":"end","payload":"%d"}`, v.ends)
	v.sendGood(p, text)
	eventually(v.t, func() string { return "the last message arrives\n" + v.output.String() }, func() bool { return v.holds(text, 1) })
}

// serves sends a message that must arrive.
func (v *victim) serves(t *testing.T, good *client) {
	t.Helper()
	v.served++
	text := fmt.Sprintf(`{"type":"good","payload":"%d"}`, v.served)
	good.send(text)
	v.archived = append(v.archived, text)
	eventually(t, func() string { return "a good peer is served\n" + v.output.String() }, func() bool { return v.holds(text, 1) })
}

// peakMemory returns the most bytes that the router ever had in memory.
func (v *victim) peakMemory(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", v.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	peak := regexp.MustCompile(`VmHWM:\s*(\d+) kB`).FindSubmatch(status)
	if peak == nil {
		t.Fatalf("no VmHWM in %s", status)
	}
	n, _ := strconv.Atoi(string(peak[1]))
	return n << 10
}

// settle ends the router and compares what it says with what is there.
func (v *victim) settle(t *testing.T) {
	t.Helper()
	output := v.stop()

	var archived, refused []string
	undecodable := make(map[string]int)
	lines := v.lines()
	for _, line := range lines {
		m, err := envelope.Parse([]byte(line))
		switch {
		case err != nil:
			t.Errorf("the archive holds %.200q: %v", line, err)
		case m.Type() == envelope.TypeDeadLetter:
			refused = append(refused, m.Payload())
		case m.Type() == envelope.TypeUndecodable:
			undecodable[m.Payload()]++
		default:
			archived = append(archived, line)
		}
	}
	same(t, "archived", archived, v.archived)
	same(t, "refused", refused, v.refused)
	for _, frame := range v.undecodable {
		if undecodable[letter(frame)]--; undecodable[letter(frame)] < 0 {
			t.Errorf("no dead letter for %.100q", frame)
		}
	}
	dead := len(lines) - len(archived)
	said, offered, done := 0, 0, 0
	for _, source := range []string{"zmq pull", "zmq sub", "udp "} {
		a := account(t, output, source)
		said, offered, done = said+a.dropped["deadletter"], offered+a.offered, done+a.done
		if len(a.dropped) > 1 {
			t.Errorf("%s dropped %v", source, a.dropped)
		}
	}
	if said != dead || done != len(archived)+v.counted || offered != done+said {
		t.Errorf("%d dead letters and %d others archived, %d counted, but the account says %d, %d and %d offered", dead, len(archived), v.counted, said, done, offered)
	}
	if a := account(t, output, "statsd "); a.done != v.counted || a.refused != len(v.refused) {
		t.Errorf("statsd was sent %d of %d and refused %d of %d", a.done, v.counted, a.refused, len(v.refused))
	}
}

// letter returns a dead letter's payload for a frame that nobody can decode.
func letter(frame string) string {
	frame = frame[:min(len(frame), 64<<10)]
	if !utf8.ValidString(frame) {
		return base64.StdEncoding.EncodeToString([]byte(frame))
	}
	return frame
}

var hiveFile = regexp.MustCompile(`^archive(/_open|/dt=\d{4}-\d\d-\d\d(/hour=\d\d(/part-[\w-]+\.jsonl\.gz)?)?)?$`)

// checkFiles fails the test when there is a file that has no place in an archive, in it or beside it.
func (v *victim) checkFiles(t *testing.T) {
	t.Helper()
	root := filepath.Dir(v.archive)
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		name, _ := filepath.Rel(root, path)
		if name != "." && !hiveFile.MatchString(name) {
			t.Errorf("a file %q", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (v *victim) checkStatsd(t *testing.T, stats *statsd) {
	t.Helper()
	clean := regexp.MustCompile(`^[\w.-]+$`)
	counters := stats.counters()
	for name, n := range counters {
		if !clean.MatchString(name) || strings.Contains(name, "..") {
			t.Errorf("statsd has a counter %q", name)
		}
		if name == "statsd.bad_lines_seen" && n != 0 {
			t.Errorf("statsd saw %v bad lines", n)
		}
	}
	if len(counters) < 1000 {
		t.Errorf("statsd has only %d counters", len(counters))
	}
}

// seal returns an envelope of these members.
func seal(t testing.TB, members map[string]any) string {
	t.Helper()
	text, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What a peer of today says first: a greeting with the mechanism NULL, then what it is.
const (
	null      = "\xff\x00\x00\x00\x00\x00\x00\x00\x00\x7f\x03\x00NULL" + zeros16 + "\x00" + zeros16 + zeros15
	zeros15   = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	zeros16   = zeros15 + "\x00"
	readyPush = "\x04\x1a\x05READY\x0bSocket-Type\x00\x00\x00\x04PUSH"
	readyPub  = "\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x03PUB"
)

// dialModern connects and shakes hands.
func dialModern(t testing.TB, r *router, endpoint string) *oldPeer {
	t.Helper()
	p := dial(t, endpoint)
	if p.write(null); endpoint == r.sub {
		p.write(readyPub)
	} else {
		p.write(readyPush)
	}
	return p
}

// modernFrame returns a frame of ZMTP/3 with a long body.
func modernFrame(body string) []byte {
	return append(binary.BigEndian.AppendUint64([]byte{2}, uint64(len(body))), body...)
}
