package hdfssink

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// Two blocks of the namenode's 1 MiB and a bit.
var large = bytes.Repeat([]byte("0123456789abcdef"), (2<<20+80)/16)

func putLarge(ctx context.Context, s *Store) error {
	return s.Put(ctx, name, bytes.NewReader(large), int64(len(large)))
}

func newReal(t *testing.T, timeout time.Duration, namenodes ...string) *Store {
	t.Helper()
	s, err := New(namenodes, "/archive", &Options{Timeout: timeout, User: "metlog"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLibrary(t *testing.T) {
	n := startNamenode(t, &namenode{datanode: startDatanode(t, &datanode{})})
	s := newReal(t, 10*time.Second, n.addr)
	if err := putLarge(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if got := n.has(); got[final] != uint64(len(large)) || len(got) != 1 {
		t.Errorf("there is %v", got)
	}
}

// Whatever the datanode does, Put ends in an error, nothing is published, and nothing of the library is left running.
func TestDatanodes(t *testing.T) {
	for _, test := range []struct {
		name    string
		packets int
		then    string
		err     error
	}{
		{"silent from the start", 0, "silent", os.ErrDeadlineExceeded},
		{"silent in the first block", 3, "silent", os.ErrDeadlineExceeded},
		{"silent in the last packet", 16, "silent", os.ErrDeadlineExceeded},
		{"dead from the start", 0, "dead", nil},
		{"dead later", 5, "dead", nil},
		{"refuses a packet", 5, "refuses", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			t.Run("put", func(t *testing.T) {
				n := startNamenode(t, &namenode{datanode: startDatanode(t, &datanode{packets: test.packets, then: test.then})})
				s := newReal(t, 60*time.Millisecond, n.addr)
				err := putLarge(t.Context(), s)
				if err == nil || test.err != nil && !errors.Is(err, test.err) {
					t.Error(err)
				}
				if got := n.called(); slices.Contains(got, "complete") || slices.Contains(got, "rename2") {
					t.Errorf("calls %q", got)
				}
			})
			goleak.VerifyNone(t, before)
		})
	}
}

func TestNoDatanode(t *testing.T) {
	n := startNamenode(t, &namenode{datanode: &datanode{addr: "127.0.0.1:1"}})
	s := newReal(t, 10*time.Second, n.addr)
	err := putLarge(t.Context(), s)
	want := regexp.MustCompile(`^hdfssink: writing /archive/\S+: a datanode: dial tcp 127.0.0.1:1: connect: connection refused$`)
	if !errors.Is(err, syscall.ECONNREFUSED) || !want.MatchString(err.Error()) {
		t.Error(err)
	}
	creates := 0
	for _, method := range n.called() {
		if method == "create" {
			creates++
		}
	}
	if creates != maxAttempts {
		t.Errorf("%d attempts", creates)
	}
}

// A namenode that says nothing, from whatever call on, is an error within the time, or when the context ends.
func TestSilentNamenode(t *testing.T) {
	for _, method := range []string{
		"getFileInfo", "mkdirs", "getServerDefaults", "create", "addBlock", "updateBlockForPipeline", "complete", "rename2",
	} {
		t.Run(method, func(t *testing.T) {
			n := startNamenode(t, &namenode{datanode: startDatanode(t, &datanode{}), silent: method})
			err := putLarge(t.Context(), newReal(t, 100*time.Millisecond, n.addr))
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			if err := putLarge(ctx, newReal(t, time.Hour, n.addr)); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			if got := n.called(); slices.Contains(got, "rename2") && method != "rename2" {
				t.Errorf("calls %q", got)
			}
		})
	}
}

func TestMutePeers(t *testing.T) {
	addr := listen(t, mute)
	if err := putLarge(t.Context(), newReal(t, 50*time.Millisecond, addr)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := putLarge(ctx, newReal(t, time.Hour, addr)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestWrongPeers(t *testing.T) {
	for _, test := range []struct{ name, answer, err string }{
		{"a large answer", "\x04\x00\x00\x01", errAnswer.Error()}, // "HTTP" would be one of 1.2 GB
		{"an empty answer", "\x00\x00\x00\x00", "unexpected sequence number"},
		{"rubbish", "\x00\x00\x00\x04\xff\xff\xff\xff", "invalid response"},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := startNamenode(t, &namenode{garbage: test.answer})
			err := putLarge(t.Context(), newReal(t, time.Second, n.addr))
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Error(err)
			}
		})
	}
	closing := listen(t, func(net.Conn) {})
	if err := putLarge(t.Context(), newReal(t, time.Second, closing)); err == nil {
		t.Error("a peer that hangs up took the file")
	}
}

// A directory whose files the library would write wrongly takes none.
func TestErasureCoded(t *testing.T) {
	n := startNamenode(t, &namenode{datanode: startDatanode(t, &datanode{}), coded: true})
	err := putLarge(t.Context(), newReal(t, 10*time.Second, n.addr))
	if !errors.Is(err, errForm) || !strings.Contains(err.Error(), "/archive/_tmp/") {
		t.Error(err)
	}
	if got := n.called(); slices.Contains(got, "addBlock") || slices.Contains(got, "rename2") {
		t.Errorf("calls %q", got)
	}
}

// The library panics at an answer that lacks what it needs.
func TestPanickingAnswer(t *testing.T) {
	n := startNamenode(t, &namenode{bare: true})
	if err := putLarge(t.Context(), newReal(t, time.Second, n.addr)); err == nil || !strings.Contains(err.Error(), "panicked") {
		t.Error(err)
	}
}

// Of several namenodes a standby one is passed over, a dead one and a silent one too; the next Put begins with one that
// served.
func TestNamenodes(t *testing.T) {
	standby := startNamenode(t, &namenode{standby: true})
	active := startNamenode(t, &namenode{datanode: startDatanode(t, &datanode{})})
	for _, test := range []struct {
		name  string
		first string
		puts  int // until one succeeds
	}{
		{"standby", standby.addr, 1},
		{"dead", "127.0.0.1:1", 1},
		{"silent", listen(t, mute), 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			active.mu.Lock()
			clear(active.names)
			active.mu.Unlock()
			s := newReal(t, time.Second, test.first, active.addr)
			for i := range test.puts {
				if err := putLarge(t.Context(), s); (err == nil) != (i == test.puts-1) {
					t.Fatalf("Put %d: %v", i, err)
				}
			}
			if got := s.namenodesNow(); got[0] != active.addr {
				t.Errorf("the next begins with %q", got)
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	s := newReal(t, time.Second, "127.0.0.1:1")
	if err := putLarge(t.Context(), s); !errors.Is(err, syscall.ECONNREFUSED) || strings.Count(err.Error(), "refused") != 1 {
		t.Error(err)
	}
}
