package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
)

// The clients of 2012 brought a libzmq that speaks ZMTP/1.0. Every connection of theirs that was ever recorded is played
// again, byte for byte, to both kinds of endpoint, while a client of today sends too.
func TestZMTP1(t *testing.T) {
	streams := recordedStreams(t)
	tests := []struct {
		name     string
		endpoint func(*router) string
		modern   func(t *testing.T, r *router) *client
	}{
		{"PULL", func(r *router) string { return r.zmq },
			func(t *testing.T, r *router) *client { return python(t, "push", r.zmq) }},
		{"SUB", func(r *router) string { return r.sub },
			func(t *testing.T, r *router) *client { return publisher(t, r, python(t, "pub", r.sub)) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := startRouter(t)
			modern := test.modern(t, r)
			var want []string
			for i := range 200 {
				want = append(want, fmt.Sprintf(`{"type":"today","fields":{"n":%d}}`, i))
			}
			modern.send(want...) // which go out while the others do
			for _, stream := range streams {
				dial(t, test.endpoint(r)).write(stream)
				want = append(want, archivedAs(t, bodies(t, stream)...)...)
			}
			want = append(want, byHand(t, test.endpoint(r))...)
			modern.close()
			r.expect(want)
		})
	}
}

// byHand sends what no recording has, and returns what must be archived for it.
func byHand(t *testing.T, endpoint string) (want []string) {
	t.Helper()
	text := func(name string, padding int) string {
		return fmt.Sprintf(`{"type":"hand","payload":"%s","fields":{"pad":"%s"}}`, name, strings.Repeat("x", padding))
	}

	peer := dial(t, endpoint)
	peer.write(plain) // as peers greet that set no flags
	for _, n := range []int{0, 180, 200, 70_000} {
		peer.send(text("short and long frames", n))
		want = append(want, text("short and long frames", n))
	}

	slow := dial(t, endpoint)
	for _, b := range []byte(anonymous + string(appendFrame(nil, last, text("byte by byte", 0)))) {
		slow.write(string([]byte{b}))
	}
	want = append(want, text("byte by byte", 0))

	parts := dialOld(t, endpoint)
	parts.write(string(appendFrame(appendFrame(nil, more, text("first part", 0)), last, text("last part", 300))))
	want = append(want, text("first part", 0), text("last part", 300))

	several := dialOld(t, endpoint)
	several.send(text("one", 0)+text("frame", 0), " \n"+text("lines", 0)+"\n"+text("in one", 0)+"\n")
	return append(want, text("one", 0), text("frame", 0), text("lines", 0), text("in one", 0))
}

// archivedAs returns the lines that envelopes become.
func archivedAs(t testing.TB, frames ...string) (lines []string) {
	t.Helper()
	for _, frame := range frames {
		m, err := envelope.Parse([]byte(frame))
		if err != nil {
			t.Fatalf("%q: %v", frame, err)
		}
		lines = append(lines, m.JSON())
	}
	return lines
}

// recordedStreams returns all the bytes of each recorded connection on which envelopes went.
func recordedStreams(t testing.TB) (streams []string) {
	t.Helper()
	for _, recorded := range recordings(t, "*/zmq.jsonl") {
		// What is left are the connections of a handshake of the clients' own, which holds no envelope.
		if stream := string(recorded.raw); strings.HasPrefix(stream, anonymous) && !strings.Contains(recorded.name, "-req-") {
			streams = append(streams, stream)
		}
	}
	if len(streams) < 15 {
		t.Fatalf("only %d recorded connections", len(streams))
	}
	return streams
}
