package integration

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// An oldPeer is a connection on which ZMTP/1.0 is spoken, as libzmq 2 spoke it in 2012. It knows no kinds of sockets: the
// same bytes reach a PULL and a SUB.
type oldPeer struct {
	t     testing.TB
	conn  net.Conn
	ended chan struct{} // closed when the other side has ended the connection
}

const (
	anonymous = "\x01\x7e" // greetings: a frame that holds the identity, empty here
	plain     = "\x01\x00"

	last byte = 0x7e // flags, of which only the lowest bit means something
	more byte = 0x7f
)

// dial connects to a ZeroMQ endpoint as soon as it is there, and reads whatever is said. The test's end closes the
// connection: closing it earlier could reset it and lose what was sent.
func dial(t testing.TB, endpoint string) *oldPeer {
	t.Helper()
	p := &oldPeer{t: t, ended: make(chan struct{})}
	eventually(t, func() string { return endpoint + " listens" }, func() (ok bool) {
		var err error
		p.conn, err = net.Dial("tcp", strings.TrimPrefix(endpoint, "tcp://"))
		return err == nil
	})
	t.Cleanup(func() { p.conn.Close() })
	go func() {
		defer close(p.ended)
		_, _ = io.Copy(io.Discard, p.conn)
	}()
	return p
}

// dialOld connects and greets.
func dialOld(t testing.TB, endpoint string) *oldPeer {
	t.Helper()
	p := dial(t, endpoint)
	p.write(anonymous)
	return p
}

func (p *oldPeer) write(bytes string) {
	p.t.Helper()
	if _, err := io.WriteString(p.conn, bytes); err != nil {
		p.t.Fatal(err)
	}
}

// cutOff waits until the other side has had enough.
func (p *oldPeer) cutOff() {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
		p.t.Fatal("a peer that went too far is still connected")
	}
}

// send sends messages of one frame each.
func (p *oldPeer) send(bodies ...string) {
	p.t.Helper()
	var bytes []byte
	for _, body := range bodies {
		bytes = appendFrame(bytes, last, body)
	}
	p.write(string(bytes))
}

// appendFrame appends a frame of ZMTP/1.0. Its length counts the flags.
func appendFrame(bytes []byte, flags byte, body string) []byte {
	if n := len(body) + 1; n < 0xff {
		bytes = append(bytes, byte(n))
	} else {
		bytes = binary.BigEndian.AppendUint64(append(bytes, 0xff), uint64(n))
	}
	return append(append(bytes, flags), body...)
}

// bodies returns what the frames of a recorded connection hold, without the identity.
func bodies(t testing.TB, stream string) (all []string) {
	t.Helper()
	for rest := stream; rest != ""; {
		n, header := int(rest[0]), 1
		if n == 0xff {
			n, header = int(binary.BigEndian.Uint64([]byte(rest[1:9]))), 9
		}
		if flags := rest[header]; flags&^1 != last {
			t.Fatalf("a recorded frame with flags %#x", flags)
		}
		all, rest = append(all, rest[header+1:header+n]), rest[header+n:]
	}
	return all[1:]
}
