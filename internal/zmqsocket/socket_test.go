//go:build cgo

package zmqsocket

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	zmq "github.com/pebbe/zmq4"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open returns an open socket.
func open(t *testing.T, s Settings) *Socket {
	t.Helper()
	if s.HighWater == 0 {
		s.HighWater = 1000
	}
	if s.MaxFrame == 0 {
		s.MaxFrame = 1 << 20
	}
	k, err := Open(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close(0) })
	return k
}

// linked returns a PUSH and a PULL socket that are connected.
func linked(t *testing.T, push, pull Settings) (from, to *Socket) {
	t.Helper()
	push.Kind, pull.Kind = Push, Pull
	from, to = open(t, push), open(t, pull)
	address := "ipc://" + filepath.Join(t.TempDir(), "z")
	if got, err := to.Attach(Endpoint{address, true}); err != nil || got != address {
		t.Fatalf("bound %q, %v", got, err)
	}
	if _, err := from.Attach(Endpoint{address, false}); err != nil {
		t.Fatal(err)
	}
	return from, to
}

// impatient is a Send's pause that does not wait.
func impatient() error { return errFull }

var errFull = errors.New("full")

// patient is a Send's pause that waits.
func patient() error { return nil }

// singles returns the ends of frames that are one text each.
func singles(texts []string) []int {
	ends := make([]int, len(texts))
	for i := range ends {
		ends[i] = i + 1
	}
	return ends
}

// receive receives n frames.
func receive(t *testing.T, k *Socket, n int) []string {
	t.Helper()
	var texts []string
	for len(texts) < n {
		frames, err := k.Receive(nil, 20*time.Second, 0)
		if err != nil || len(frames) == 0 {
			t.Fatalf("%d frames of %d, then %v", len(texts), n, err)
		}
		if len(frames) > MaxFrames {
			t.Errorf("%d frames at once", len(frames))
		}
		for _, f := range frames {
			if len(f.Text) > f.Slab {
				t.Errorf("a frame of %d bytes in a slab of %d", len(f.Text), f.Slab)
			}
			texts = append(texts, f.Text)
		}
	}
	return texts
}

var paths = []struct {
	name             string
	pushPlain, plain bool
}{
	{"shim", false, false},
	{"shim to pebbe", false, true},
	{"pebbe to shim", true, false},
	{"pebbe", true, true},
}

func TestFramesOfEverySize(t *testing.T) {
	texts := []string{"", "x"}
	for _, size := range []int{29, 30, 33, 34, 255, 256, 257, 8191, 8192, 65536, 1 << 20} {
		texts = append(texts, strings.Repeat(string(rune('a'+len(texts))), size))
	}
	texts = append(texts, "", "")
	for _, p := range paths {
		t.Run(p.name, func(t *testing.T) {
			from, to := linked(t, Settings{Plain: p.pushPlain}, Settings{Plain: p.plain})
			sent, err := from.Send(texts, singles(texts), patient)
			if err != nil || sent != len(texts) {
				t.Fatalf("sent %d, %v", sent, err)
			}
			if got := receive(t, to, len(texts)); !slices.Equal(got, texts) {
				t.Errorf("got %d frames, %.200q", len(got), got)
			}
		})
	}
}

func TestFramesOfManyTexts(t *testing.T) {
	for _, p := range paths {
		t.Run(p.name, func(t *testing.T) {
			from, to := linked(t, Settings{Plain: p.pushPlain}, Settings{Plain: p.plain})
			if _, err := from.Send([]string{"a", "bc", "", "d", "e"}, []int{1, 4, 5}, patient); err != nil {
				t.Fatal(err)
			}
			if got, want := receive(t, to, 3), []string{"a", "bc\n\nd", "e"}; !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestManyFrames(t *testing.T) {
	for _, p := range paths {
		t.Run(p.name, func(t *testing.T) {
			from, to := linked(t, Settings{Plain: p.pushPlain, HighWater: 5000}, Settings{Plain: p.plain, HighWater: 5000})
			var want []string
			for round := range 10 {
				texts := make([]string, MaxFrames)
				for i := range texts {
					texts[i] = fmt.Sprint(round, i)
				}
				want = append(want, texts...)
				if sent, err := from.Send(texts, singles(texts), patient); err != nil || sent != MaxFrames {
					t.Fatalf("sent %d, %v", sent, err)
				}
			}
			if got := receive(t, to, len(want)); !slices.Equal(got, want) {
				t.Errorf("got %.2000q", got)
			}
		})
	}
}

func TestFullSend(t *testing.T) {
	for _, plain := range []bool{false, true} {
		t.Run(fmt.Sprintf("plain %v", plain), func(t *testing.T) {
			nobody := open(t, Settings{Kind: Push, Plain: plain})
			if _, err := nobody.Attach(Endpoint{"ipc://" + filepath.Join(t.TempDir(), "z"), true}); err != nil {
				t.Fatal(err)
			}
			if sent, err := nobody.Send([]string{"x"}, []int{1}, impatient); sent != 0 || !errors.Is(err, errFull) {
				t.Errorf("bound, without a peer: sent %d, %v", sent, err)
			}
			later := open(t, Settings{Kind: Push, Plain: plain, HighWater: 10})
			if _, err := later.Attach(Endpoint{"ipc://" + filepath.Join(t.TempDir(), "z"), false}); err != nil {
				t.Fatal(err)
			}
			texts := strings.Split(strings.Repeat("x", 20), "")
			if sent, err := later.Send(texts, singles(texts), impatient); sent != 10 || !errors.Is(err, errFull) {
				t.Errorf("connected, before the peer is up: sent %d, %v; HighWater is 10", sent, err)
			}
		})
	}
}

func TestSendWaitsForRoom(t *testing.T) {
	for _, p := range paths {
		t.Run(p.name, func(t *testing.T) {
			from, to := linked(t, Settings{Plain: p.pushPlain, HighWater: 1}, Settings{Plain: p.plain, HighWater: 1})
			texts := slices.Repeat([]string{strings.Repeat("x", 200_000)}, 40)
			waited := false
			done := make(chan error)
			go func() {
				_, err := from.Send(texts, singles(texts), func() error { waited = true; return nil })
				done <- err
			}()
			if got := receive(t, to, len(texts)); !slices.Equal(got, texts) {
				t.Error("not the frames that were sent")
			}
			if err := <-done; err != nil || !waited {
				t.Errorf("%v, waited: %v", err, waited)
			}
		})
	}
}

func TestWake(t *testing.T) {
	for _, plain := range []bool{false, true} {
		t.Run(fmt.Sprintf("receive, plain %v", plain), func(t *testing.T) {
			k := open(t, Settings{Kind: Pull, Plain: plain})
			for range 3 { // also twice before the wait, and again after
				k.Wake()
				k.Wake()
				if frames, err := k.Receive(nil, -1, time.Hour); err != nil || len(frames) > 0 {
					t.Errorf("got %v, %v", frames, err)
				}
			}
		})
		t.Run(fmt.Sprintf("send, plain %v", plain), func(t *testing.T) {
			k := open(t, Settings{Kind: Push, Plain: plain})
			pauses := 0
			sent, err := k.Send([]string{"x"}, []int{1}, func() error {
				if pauses++; pauses > 3 {
					return errFull
				}
				go k.Wake()
				return nil
			})
			if sent != 0 || !errors.Is(err, errFull) || pauses != 4 {
				t.Errorf("sent %d, %v after %d pauses", sent, err, pauses)
			}
		})
	}
	t.Run("closed", func(t *testing.T) {
		k := open(t, Settings{Kind: Pull})
		if err := k.Close(0); err != nil {
			t.Error(err)
		}
		k.Wake()
	})
}

// A source that has been woken and drains must not take the wake for silence.
func TestWakeEndsNoTimedWait(t *testing.T) {
	for _, plain := range []bool{false, true} {
		t.Run(fmt.Sprintf("plain %v", plain), func(t *testing.T) {
			from, to := linked(t, Settings{}, Settings{Plain: plain})
			to.Wake()
			timer := time.AfterFunc(20*time.Millisecond, func() { _, _ = from.Send([]string{"x"}, []int{1}, patient) })
			defer timer.Stop()
			if got := receive(t, to, 1); got[0] != "x" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// A linger ends with Wake too, so that a source ends at once.
func TestWakeEndsLinger(t *testing.T) {
	for _, plain := range []bool{false, true} {
		t.Run(fmt.Sprintf("plain %v", plain), func(t *testing.T) {
			from, to := linked(t, Settings{}, Settings{Plain: plain})
			if _, err := from.Send([]string{"x"}, []int{1}, patient); err != nil {
				t.Fatal(err)
			}
			timer := time.AfterFunc(50*time.Millisecond, to.Wake)
			defer timer.Stop()
			for got := 0; got == 0; {
				frames, err := to.Receive(nil, -1, time.Hour)
				if err != nil {
					t.Fatal(err)
				}
				got = len(frames)
				if got == 0 {
					t.Log("woken before the frame came")
					timer.Reset(50 * time.Millisecond)
				}
			}
		})
	}
}

func TestBatchesEndAtTheirSize(t *testing.T) {
	for _, plain := range []bool{false, true} {
		t.Run(fmt.Sprintf("plain %v", plain), func(t *testing.T) {
			from, to := linked(t, Settings{}, Settings{Plain: plain})
			texts := slices.Repeat([]string{strings.Repeat("x", 100_000)}, 12)
			if _, err := from.Send(texts, singles(texts), patient); err != nil {
				t.Fatal(err)
			}
			for got := 0; got < len(texts); {
				frames, err := to.Receive(nil, 20*time.Second, 0)
				if err != nil || len(frames) == 0 || len(frames) > 3 {
					t.Fatalf("%d frames of 100,000 bytes at once, %v; the batch ends at 256 KiB", len(frames), err)
				}
				got += len(frames)
			}
		})
	}
}

func TestCloseSaysWhatRemained(t *testing.T) {
	k := open(t, Settings{Kind: Push})
	if _, err := k.Attach(Endpoint{"ipc://" + filepath.Join(t.TempDir(), "nobody"), false}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Send([]string{"x"}, []int{1}, patient); err != nil {
		t.Fatal(err)
	}
	if err := k.Close(20 * time.Millisecond); err == nil {
		t.Error("nobody took the frame, and Close returned nil")
	}
	if err := k.Close(20 * time.Millisecond); err != nil {
		t.Errorf("closed again: %v", err)
	}
}

func TestAttachErrors(t *testing.T) {
	k := open(t, Settings{Kind: Pull})
	address, err := k.Attach(Endpoint{"tcp://127.0.0.1:*", true})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []Endpoint{
		{address, true},
		{"ipc:///nowhere/at/all", true},
		{"tcp://192.0.2.1:5565", true},
	} {
		if _, err := k.Attach(e); err == nil || !strings.Contains(err.Error(), e.Address) {
			t.Errorf("binding %s: %v", e.Address, err)
		}
	}
}

// rawPointer reads a field that pebbe/zmq4 does not export. Where another version is in go.mod, look at its Socket first.
func TestRawPointer(t *testing.T) {
	const pinned = "v1.4.0"
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^\s*(require )?github\.com/pebbe/zmq4 ` + regexp.QuoteMeta(pinned) + `( //.*)?$`).Match(mod) {
		t.Errorf("go.mod does not require pebbe/zmq4 %s, whose Socket the pointer is read from", pinned)
	}
	k := open(t, Settings{Kind: Pull})
	if k.batch == nil {
		t.Error("there is no raw pointer: every frame goes through pebbe")
	}
	if _, ok := rawPointer(k.data, zmq.PUSH); ok {
		t.Error("a PULL socket passed for a PUSH socket")
	}
	if _, ok := rawPointer(&zmq.Socket{}, zmq.PULL); ok {
		t.Error("a socket that was never opened passed")
	}
}

// With Reuse a batch lies where the one before it lay, but for one so large that few would fill its memory.
func TestReuse(t *testing.T) {
	from, to := linked(t, Settings{}, Settings{Reuse: true})
	one := func(text string) string {
		t.Helper()
		if _, err := from.Send([]string{text}, []int{1}, patient); err != nil {
			t.Fatal(err)
		}
		frames, err := to.Receive(nil, 20*time.Second, 0)
		if err != nil || len(frames) != 1 || frames[0].Text != text || frames[0].Slab != len(text) {
			t.Fatalf("sent %d bytes, got %.200v, %v", len(text), frames, err)
		}
		return frames[0].Text
	}
	first := one(strings.Repeat("a", 1000))
	if second := one(strings.Repeat("b", 900)); unsafe.StringData(first) != unsafe.StringData(second) {
		t.Error("a smaller batch got memory of its own")
	}
	large := one(strings.Repeat("c", 2*maxBytes+1))
	if last := one("d"); unsafe.StringData(first) != unsafe.StringData(last) || unsafe.StringData(large) == unsafe.StringData(last) {
		t.Error("memory for a very large frame was kept")
	}
	for _, size := range []int{0, 1001, 5000, 0, 2 * maxBytes, 1} {
		one(strings.Repeat("e", size))
	}
}
