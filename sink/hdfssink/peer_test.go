package hdfssink

import (
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"net"
	"slices"
	"sync"
	"testing"
)

// A message of protocol buffers, written by hand: the library's own types are internal to it.
type message []byte

func (m message) number(field int, v uint64) message {
	return binary.AppendUvarint(binary.AppendUvarint(m, uint64(field)<<3), v)
}

func (m message) bytes(field int, v string) message {
	m = binary.AppendUvarint(m, uint64(field)<<3|2)
	return append(binary.AppendUvarint(m, uint64(len(v))), v...)
}

func (m message) sub(field int, v message) message { return m.bytes(field, string(v)) }

func (m message) prefixed() []byte { return append(binary.AppendUvarint(nil, uint64(len(m))), m...) }

// fields returns the last value of each field, as a number or as bytes.
func fields(m []byte) (numbers map[uint64]uint64, texts map[uint64]string) {
	numbers, texts = make(map[uint64]uint64), make(map[uint64]string)
	for len(m) > 0 {
		key, n := binary.Uvarint(m)
		value, k := binary.Uvarint(m[n:])
		m = m[n+k:]
		if key&7 == 2 {
			texts[key>>3], m = string(m[:value]), m[value:]
		} else {
			numbers[key>>3] = value
		}
	}
	return numbers, texts
}

// A namenode answers calls from memory. It is as much of HDFS as the library asks for to write one file.
type namenode struct {
	addr     string
	datanode *datanode
	silent   string // the method that it does not answer any more
	standby  bool
	garbage  string // what it says to anything
	bare     bool   // its answer to create lacks the file
	coded    bool   // files are erasure coded

	mu    sync.Mutex
	calls []string
	names map[string]uint64 // sizes
}

// listen serves connections until the test ends; then no goroutine of it is left.
func listen(t *testing.T, serve func(net.Conn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			all.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, conn := range conns {
			_ = conn.Close()
		}
		mu.Unlock()
		all.Wait()
	})
	return l.Addr().String()
}

// mute is a peer that accepts, reads and says nothing.
func mute(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// called returns the methods called so far.
func (n *namenode) called() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.calls)
}

// has returns the files and their sizes.
func (n *namenode) has() map[string]uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Clone(n.names)
}

func startNamenode(t *testing.T, n *namenode) *namenode {
	t.Helper()
	n.names = make(map[string]uint64)
	n.addr = listen(t, n.serve)
	return n
}

func readPacket(r io.Reader) ([]byte, error) {
	var size uint32
	if err := binary.Read(r, binary.BigEndian, &size); err != nil {
		return nil, err
	}
	packet := make([]byte, size)
	_, err := io.ReadFull(r, packet)
	return packet, err
}

// cut returns the first prefixed message of b, and what follows it.
func cut(b []byte) (first, rest []byte) {
	size, n := binary.Uvarint(b)
	return b[n : n+int(size)], b[n+int(size):]
}

func (n *namenode) serve(conn net.Conn) {
	if _, err := io.ReadFull(conn, make([]byte, 7)); err != nil {
		return
	}
	if _, err := readPacket(conn); err != nil { // who it is
		return
	}
	for {
		packet, err := readPacket(conn)
		if err != nil {
			return
		}
		header, rest := cut(packet)
		what, rest := cut(rest)
		request, _ := cut(rest)
		numbers, _ := fields(header)
		_, texts := fields(what)
		method := texts[1]
		n.mu.Lock()
		n.calls = append(n.calls, method)
		n.mu.Unlock()
		if method == n.silent {
			mute(conn)
			return
		}
		id := numbers[3]>>1 ^ -(numbers[3] & 1)
		reply := message(nil).number(1, uint64(uint32(id))).number(2, 0)
		answer := n.answer(method, request)
		if n.standby {
			reply = message(nil).number(1, uint64(uint32(id))).number(2, 1).bytes(4, "org.apache.hadoop.ipc.StandbyException")
			answer = nil
		}
		out := append(reply.prefixed(), answer.prefixed()...)
		out = append(binary.BigEndian.AppendUint32(nil, uint32(len(out))), out...)
		if n.garbage != "" {
			out = []byte(n.garbage)
		}
		if _, err := conn.Write(out); err != nil {
			return
		}
	}
}

func (n *namenode) answer(method string, request []byte) message {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, texts := fields(request)
	block := message(nil).bytes(1, "pool").number(2, 1).number(3, 1).number(4, 0)
	status := func(size uint64) message {
		return message(nil).number(1, 2).bytes(2, "").number(3, size).sub(4, message(nil).number(1, 0o640)).
			bytes(5, "metlog").bytes(6, "supergroup").number(7, 1).number(8, 1)
	}
	switch method {
	case "getFileInfo":
		if size, ok := n.names[texts[1]]; ok {
			info := status(size)
			if n.coded {
				info = info.sub(17, message(nil).bytes(1, "RS-6-3-1024k").number(4, 1))
			}
			return message(nil).sub(1, info)
		}
		return nil
	case "getServerDefaults":
		return message(nil).sub(1, message(nil).number(1, 1<<20).number(2, 512).number(3, 65536).number(4, 3).number(5, 4096))
	case "create":
		n.names[texts[1]] = 0
		if n.bare {
			return nil
		}
		n.datanode.mu.Lock()
		n.datanode.size = 0
		n.datanode.mu.Unlock()
		return message(nil).sub(1, status(0).number(13, 7))
	case "addBlock", "updateBlockForPipeline":
		host, port, _ := net.SplitHostPort(n.datanode.addr)
		var number uint64
		for _, c := range port {
			number = number*10 + uint64(c-'0')
		}
		node := message(nil).bytes(1, host).bytes(2, host).bytes(3, "node").number(4, number).number(5, 1).number(6, 1)
		token := message(nil).bytes(1, "").bytes(2, "").bytes(3, "").bytes(4, "")
		return message(nil).sub(1, message(nil).sub(1, block).number(2, 0).sub(3, message(nil).sub(1, node)).
			number(4, 0).sub(5, token))
	case "complete":
		n.names[texts[1]] = n.datanode.received()
		return message(nil).number(1, 1)
	case "rename2":
		n.names[texts[2]] = n.names[texts[1]]
		delete(n.names, texts[1])
		return nil
	case "delete":
		delete(n.names, texts[1])
		return message(nil).number(1, 1)
	case "mkdirs":
		return message(nil).number(1, 1)
	}
	return nil
}

// A datanode takes a block. After so many packets something happens.
type datanode struct {
	addr    string
	packets int    // that it takes well, of each block
	then    string // "silent", "dead", "refuses"; or nothing

	mu   sync.Mutex
	size uint64
}

func startDatanode(t *testing.T, d *datanode) *datanode {
	t.Helper()
	d.addr = listen(t, func(conn net.Conn) { _ = d.serve(conn) })
	return d
}

func (d *datanode) received() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.size
}

func (d *datanode) serve(conn net.Conn) error {
	in := &byteReader{conn}
	if _, err := io.ReadFull(in, make([]byte, 3)); err != nil {
		return err
	}
	size, err := binary.ReadUvarint(in)
	if err != nil {
		return err
	}
	if _, err := io.CopyN(io.Discard, in, int64(size)); err != nil {
		return err
	}
	if d.packets == 0 && d.then == "silent" {
		mute(conn)
		return nil
	}
	if _, err := conn.Write(message(nil).number(1, 0).bytes(5, "").prefixed()); err != nil {
		return err
	}
	for seqno := uint64(1); ; seqno++ {
		var head struct {
			Size   uint32
			Header uint16
		}
		if err := binary.Read(in, binary.BigEndian, &head); err != nil {
			return err
		}
		header := make([]byte, head.Header)
		if _, err := io.ReadFull(in, header); err != nil {
			return err
		}
		data := binary.LittleEndian.Uint32(header[len(header)-4:])
		if _, err := io.CopyN(io.Discard, in, int64(head.Size)-4); err != nil {
			return err
		}
		status := uint64(0)
		if int(seqno) > d.packets && d.then != "" {
			switch d.then {
			case "silent":
				mute(conn)
				return nil
			case "dead":
				return errors.New("dead")
			case "refuses":
				status = 1
			}
		}
		d.mu.Lock()
		d.size += uint64(data)
		d.mu.Unlock()
		if _, err := conn.Write(message(nil).number(1, seqno<<1).number(2, status).prefixed()); err != nil {
			return err
		}
		if data == 0 {
			return nil // the last one
		}
	}
}

// A byteReader reads no more than it is asked for.
type byteReader struct{ io.Reader }

func (r *byteReader) ReadByte() (byte, error) {
	var b [1]byte
	_, err := io.ReadFull(r, b[:])
	return b[0], err
}
