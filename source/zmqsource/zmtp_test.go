//go:build cgo

package zmqsource

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	zmq "github.com/pebbe/zmq4"
)

// raw returns a TCP connection to a source, which closes when the test ends.
func raw(t testing.TB, s *Source) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(addresses(t, s)[0], "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// write writes bytes that a hostile or old peer would; a peer that was thrown out is no error.
func write(c net.Conn, b []byte) {
	_ = c.SetDeadline(time.Now().Add(patience))
	_, _ = c.Write(b)
}

// dropped waits until the source has closed the connection.
func dropped(t testing.TB, c net.Conn) {
	t.Helper()
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection is still open")
	}
}

// frame1 writes a frame of ZMTP/1.0: its length with the flags byte, the flags, the body.
func frame1(flags byte, body string) []byte {
	var b []byte
	if n := len(body) + 1; n < 255 {
		b = append(b, byte(n))
	} else {
		b = binary.BigEndian.AppendUint64(append(b, 0xff), uint64(n))
	}
	return append(append(b, flags), body...)
}

// What ZMTP/1.0 peers send: their identity, then frames. They get no subscription from a SUB socket and need none: a PUB of
// that time sends everything, and what the source sends upstream is theirs to ignore.
func TestZMTP1(t *testing.T) {
	e := envelopes(4)
	long := `{"type":"x","payload":"` + strings.Repeat("p", 70_000) + `"}`
	parts := [2]string{`{"type":"part","payload":"1"}`, `{"type":"part","payload":"2"}`}
	for _, c := range []struct {
		name   string
		stream [][]byte
		want   []string
	}{
		{"anonymous", [][]byte{{1, 0}, frame1(0, e[0]), frame1(0, e[1])}, e[:2]},
		{"libzmq 2.1: flags 0x7e", [][]byte{{1, 0x7e}, frame1(0x7e, e[0]), frame1(0x7e, e[1])}, e[:2]},
		{"with an identity", [][]byte{frame1(0, "web3"), frame1(0, e[0])}, e[:1]},
		{"long frames", [][]byte{{1, 0x7e}, frame1(0x7e, long), frame1(0x7e, e[3])}, []string{long, e[3]}},
		{"parts: flags 0x7f", [][]byte{{1, 0x7e}, frame1(0x7f, parts[0]), frame1(0x7e, parts[1])}, parts[:]},
		{"parts: flags 1", [][]byte{{1, 0}, frame1(1, parts[0]), frame1(0, parts[1])}, parts[:]},
	} {
		for _, subscribe := range []bool{false, true} {
			t.Run(c.name+", subscribe "+strconv.FormatBool(subscribe), func(t *testing.T) {
				s, to := newSource(t, []string{"tcp://127.0.0.1:*"}, &Options{Subscribe: subscribe}), &keeper{}
				end := run(t, s, to)
				write(raw(t, s), bytes.Join(c.stream, nil))
				eventually(t, "all messages are there", to.has(len(c.want)))
				end()
				same(t, to.texts(), c.want)
			})
		}
	}
}

// What metlog-py sent in 2012, byte for byte, over libzmq 2.1.11.
func TestZMTP1Recorded(t *testing.T) {
	for _, c := range []struct {
		file string
		want int
	}{
		{"metlog-py-0.9.10.zmtp1", 7},
		{"metlog-py-0.9.10-long.zmtp1", 1},
		{"metlog-py-2012-05.zmtp1", 12},
	} {
		for _, subscribe := range []bool{false, true} {
			t.Run(c.file+", subscribe "+strconv.FormatBool(subscribe), func(t *testing.T) {
				stream, err := os.ReadFile("testdata/" + c.file)
				if err != nil {
					t.Fatal(err)
				}
				s, to := newSource(t, []string{"tcp://127.0.0.1:*"}, &Options{Subscribe: subscribe}), &keeper{}
				end := run(t, s, to)
				conn := raw(t, s)
				for _, b := range stream { // in the smallest pieces there are
					write(conn, []byte{b})
				}
				eventually(t, "all messages are there", to.has(c.want))
				end()
				if a := s.Account(); a.Offered != uint64(c.want) || a.Done != a.Offered {
					t.Errorf("account %+v, want %d", a, c.want)
				}
			})
		}
	}
}

// greeting3 and ready3 are what a ZMTP/3.0 PUSH peer without security sends before its first frame.
var (
	greeting3 = append([]byte("\xff\x00\x00\x00\x00\x00\x00\x00\x00\x7f\x03\x00NULL"), make([]byte, 48)...)
	ready3    = []byte("\x04\x1a\x05READY\x0bSocket-Type\x00\x00\x00\x04PUSH")
)

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// handshake makes c a ZMTP/3.0 PUSH peer that has finished its handshake.
func handshake(t testing.TB, c net.Conn) {
	t.Helper()
	write(c, greeting3)
	if _, err := io.ReadFull(c, make([]byte, 64)); err != nil {
		t.Fatal(err)
	}
	write(c, ready3)
	head := make([]byte, 2)
	if _, err := io.ReadFull(c, head); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, head[1])); err != nil {
		t.Fatal(err)
	}
}

// Whatever a peer sends, memory stays flat and the others are served.
func TestHostilePeers(t *testing.T) {
	gigabytes := []byte{0, 0, 0, 2, 0, 0, 0, 0}
	random := make([]byte, 4096)
	source := rand.New(rand.NewPCG(1, 2))
	for i := range random {
		random[i] = byte(source.Uint32())
	}
	for _, c := range []struct {
		name    string
		peers   int
		bytes   []byte
		shaken  bool // the handshake comes first
		dropped bool // at once; else the connection is held open
	}{
		{"ZMTP/3 frame of gigabytes", 50, join([]byte{2}, gigabytes), true, true},
		{"ZMTP/3 frame of 2^63 bytes", 50, []byte{2, 0x80, 0, 0, 0, 0, 0, 0, 0}, true, true},
		{"ZMTP/3 command of gigabytes", 50, join([]byte{6}, gigabytes), true, true},
		{"ZMTP/3 frame that never comes", 50, []byte{2, 0, 0, 0, 0, 0, 0x10, 0, 0, 'x'}, true, false},
		{"ZMTP/1 frame of gigabytes", 50, join([]byte{1, 0, 0xff}, gigabytes, []byte{0}), false, true},
		{"ZMTP/1 frame of no bytes", 50, []byte{1, 0, 0}, false, true},
		{"half a greeting", 90, greeting3[:20], false, false},
		{"one byte", 90, greeting3[:1], false, false},
		{"nothing", 90, nil, false, false},
		{"unknown mechanism", 50, join(greeting3[:12], []byte("EVIL"), greeting3[16:]), false, true},
		{"not ready", 50, join(greeting3, []byte("\x04\x07\x05ERROR\x00")), false, false},
		{"wrong kind", 50, join(greeting3, []byte("\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x03REP")), false, true},
		{"HTTP", 50, []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), false, false},
		{"random bytes", 50, random, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, to := newSource(t, []string{"tcp://127.0.0.1:*"}, nil), &keeper{}
			end := run(t, s, to)
			good := peer(t, zmq.PUSH, addresses(t, s)[0], false)
			e := envelopes(2)
			send(t, good, e[0])
			eventually(t, "a peer is served before", to.has(1))
			before := resident(t)
			for i := range c.peers {
				conn := raw(t, s)
				if c.shaken {
					handshake(t, conn)
				}
				write(conn, c.bytes)
				if c.dropped && i == 0 {
					dropped(t, conn)
				}
			}
			send(t, good, e[1])
			send(t, peer(t, zmq.PUSH, addresses(t, s)[0], false), e[1])
			eventually(t, "old and new peers are served after", func() bool {
				n := 0
				for _, text := range to.texts() {
					if text == e[1] {
						n++
					}
				}
				return n == 2
			})
			if grown := resident(t) - before; grown > 128<<20 {
				t.Errorf("memory grew by %d bytes", grown)
			}
			end()
		})
	}
}

// resident returns the bytes of memory that this process has in use, libzmq's included.
func resident(t testing.TB) int {
	t.Helper()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// A sender that ends while the source is held up loses nothing that has left it.
func TestSenderEndsWhileHeldUp(t *testing.T) {
	s, to := newSource(t, []string{"tcp://127.0.0.1:*"}, &Options{HighWater: 10}), &keeper{gate: make(chan struct{})}
	end := run(t, s, to)
	want := envelopes(200)
	var stream []byte
	for _, text := range want {
		stream = append(append(stream, 0, byte(len(text))), text...)
	}
	conn := raw(t, s)
	handshake(t, conn)
	write(conn, stream)
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	close(to.gate)
	eventually(t, "all messages are there", to.has(len(want)))
	end()
	same(t, to.texts(), want)
}
