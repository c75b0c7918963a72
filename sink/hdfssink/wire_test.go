package hdfssink

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

func pipe(timeout time.Duration, datanode bool) (*wire, net.Conn) {
	here, there := net.Pipe()
	w := newWires(context.Background(), timeout)
	c := &wire{Conn: here, of: w, datanode: datanode}
	w.open[c] = struct{}{}
	return c, there
}

// Each Read and Write has its own time, and the library cannot lift it.
func TestWireTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, there := pipe(time.Second, false)
		defer there.Close()
		go func() {
			for range 3 {
				time.Sleep(900 * time.Millisecond)
				_, _ = there.Write([]byte("x"))
			}
		}()
		if err := c.SetDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := c.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		if _, err := there.Write([]byte("late")); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("a late answer was taken: %v", err)
		}
		if len(c.of.open) != 0 || !errors.Is(c.of.first, os.ErrDeadlineExceeded) {
			t.Errorf("%d open, %v", len(c.of.open), c.of.first)
		}
	})
}

func TestWireWrites(t *testing.T) {
	for _, datanode := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c, there := pipe(time.Second, datanode)
			defer there.Close()
			began := time.Now()
			n, err := c.Write([]byte("nobody reads"))
			if time.Since(began) != time.Second {
				t.Errorf("after %v", time.Since(began))
			}
			if datanode && (n != 12 || err != nil) || !datanode && !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%d, %v", n, err)
			}
			if broken := c.of.broken(); errors.Is(broken, os.ErrDeadlineExceeded) != datanode {
				t.Errorf("broken: %v", broken)
			}
		})
	}
}

func TestWireLargeAnswer(t *testing.T) {
	c, there := pipe(time.Second, false)
	defer there.Close()
	if _, err := c.Read(make([]byte, maxAnswer+1)); !errors.Is(err, errAnswer) {
		t.Error(err)
	}
}

func TestCutWires(t *testing.T) {
	addr := listen(t, mute)
	w := newWires(t.Context(), time.Second)
	c, err := w.dialNamenode(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	w.cutAll()
	if _, err := c.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if conn, err := w.dialDatanode(t.Context(), "tcp", addr); !errors.Is(err, errCut) || conn != nil {
		t.Errorf("%v, %v", conn, err)
	}
	if w.first != nil || len(w.open) != 0 {
		t.Errorf("%v, %d open", w.first, len(w.open))
	}
}
