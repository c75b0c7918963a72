package archivesink

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// A segment whose file can be neither synced nor cut back takes no more lines, and is sealed at the size it had.
func TestAppendCannotCutBack(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer writer.Close()
	g := &segment{file: writer, size: 7, messages: 1}
	if err := g.append([]byte("{}\n"), 1, true); err == nil {
		t.Fatal("a pipe was synced")
	}
	if err := g.append([]byte("{}\n"), 1, false); err != errMoved {
		t.Errorf("append to a broken segment: %v", err)
	}
	if g.size != 7 || g.messages != 1 {
		t.Errorf("%d bytes, %d messages", g.size, g.messages)
	}
}

// Once a name was published, it is not published again: a Store may have it by now.
func TestSealPublishesOnce(t *testing.T) {
	s, err := New(t.TempDir(), &Options{MaxBytes: 1000})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	g, err := s.create(partition{}, time.Now())
	if err == nil {
		err = g.append([]byte("{}\n"), 1, false)
	}
	if err == nil {
		err = s.publish(g)
	}
	final := filepath.Join(s.dir, filepath.FromSlash(g.name))
	if err = errors.Join(err, os.Remove(final)); err != nil { // as shipping does
		t.Fatal(err)
	}
	if err := errors.Join(s.seal(g), g.file.Close()); err != nil {
		t.Fatal(err)
	}
	if there, err := exists(final); there || err != nil {
		t.Errorf("published twice: %v", err)
	}
}

// What could not be written takes no room.
func TestUsageAfterFailure(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "archive")
	s, err := New(dir, &Options{MaxBytes: 1000})
	if err == nil {
		err = errors.Join(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 10 {
		if err := s.write(t.Context(), partition{}, make([]byte, 500), 1, time.Now()); !errors.Is(err, syscall.ENOTDIR) {
			t.Fatalf("write: %v", err)
		}
	}
}

// The directories of sealed files come and go while a shipper is at work.
func TestMoveIntoVanishing(t *testing.T) {
	dir := t.TempDir()
	inner := filepath.Join(dir, "dt", "hour")
	rounds := make(chan int)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := range rounds {
			for range n {
				_ = os.Remove(inner)
				_ = os.Remove(filepath.Dir(inner))
			}
		}
	}()
	tmp, final := filepath.Join(dir, "tmp"), filepath.Join(inner, "final")
	for range 50 {
		rounds <- maxAttempts / 4
		err := os.WriteFile(tmp, nil, 0o600)
		if err == nil {
			err = moveInto(tmp, final)
		}
		if err = errors.Join(err, os.Remove(final)); err != nil {
			t.Error(err)
			break
		}
	}
	close(rounds)
	<-done
}

// A value lies in memory that its sender uses again after Send.
func TestValuesKeepNoMessage(t *testing.T) {
	v := values{max: 3}
	memory := []byte("timer")
	v.admit(unsafe.String(&memory[0], len(memory)), 1)
	copy(memory, "XXXXX")
	for value, escaped := range v.admitted {
		if value != "timer" || escaped != "timer" {
			t.Errorf("kept %q as %q", value, escaped)
		}
	}
	b := scratch{groups: []group{{value: "timer"}}}
	b.reset()
	if kept := b.groups[:1][0].value; kept != "" {
		t.Errorf("kept %q", kept)
	}
}

// Bytes that could not be cut back are not published.
func TestSealStopsAtSize(t *testing.T) {
	dir := t.TempDir()
	s, err := New(dir, &Options{Compress: Plain})
	if err != nil {
		t.Fatal(err)
	}
	p := partition{}
	if err := s.write(t.Context(), p, []byte("{\"a\":1}\n"), 1, time.Now()); err != nil {
		t.Fatal(err)
	}
	g := s.open[p]
	if _, err := g.file.WriteString("{\"torn"); err != nil {
		t.Fatal(err)
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(g.name)))
	if err != nil || string(text) != "{\"a\":1}\n" {
		t.Errorf("published %q, %v", text, err)
	}
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	first, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if err := errors.Join(lock(first, path), os.Remove(path)); err != nil {
		t.Fatal(err)
	}
	if err := lock(second, path); err != errLocked {
		t.Errorf("locked twice: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := lock(second, path); err != errLocked {
		t.Errorf("the lock of a file that was removed is worth something: %v", err)
	}
}

// A Send that waits for the sealer ends with its context, and with the archive.
func TestWaitForSealer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := New(t.TempDir(), &Options{MaxOpen: 1})
		if err != nil {
			t.Fatal(err)
		}
		s.slots <- struct{}{}
		s.slots <- struct{}{}
		m, err := envelope.Draft{Type: "a"}.Seal()
		if err != nil {
			t.Fatal(err)
		}
		waits := func(ctx context.Context, want error) {
			err := s.Send(ctx, []envelope.Message{m})
			for _, e := range sink.Failures(err, 1) {
				if !errors.Is(e, want) {
					t.Errorf("Send: %v, want %v", e, want)
				}
			}
			if err == nil {
				t.Error("Send did not wait")
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		waits(ctx, context.DeadlineExceeded)
		go waits(t.Context(), sink.ErrClosed)
		synctest.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		synctest.Wait()
	})
}

// Batches of the usual size, of one partition and of four, cost no allocation.
func TestSendAllocates(t *testing.T) {
	for _, c := range []struct {
		name string
		opts *Options
	}{
		{"one partition", nil},
		{"four", &Options{Partition: Partition{Column: "type", Value: (*envelope.Message).Type}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := New(t.TempDir(), c.opts)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Shutdown(t.Context())
			batch := make([]envelope.Message, 256)
			for i := range batch {
				if batch[i], err = (envelope.Draft{Type: "abcd"[i%4 : i%4+1], Payload: "text"}).Seal(); err != nil {
					t.Fatal(err)
				}
			}
			send := func() {
				if err := s.Send(t.Context(), batch); err != nil {
					t.Fatal(err)
				}
			}
			send()
			if n := testing.AllocsPerRun(100, send); n > 0 && !raceEnabled {
				t.Errorf("%v allocations a Send of %d messages", n, len(batch))
			}
		})
	}
}

func FuzzEscape(f *testing.F) {
	for _, seed := range []string{"timer", "", "../", "a\nb", "%2F", "Größe", "\xff", "\u202e", strings.Repeat("/", 40)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		escaped, ok := escape(value)
		if len(escaped) == 0 || len(escaped) > maxValueBytes || !utf8.ValidString(escaped) || strings.ContainsAny(escaped, "/,=\n\x00 ") {
			t.Fatalf("%q became %q", value, escaped)
		}
		if ok != (escaped != overflowValue) && value != overflowValue {
			t.Fatalf("%q became %q, %v", value, escaped, ok)
		}
		name := partition{value: escaped}.dir("type") + "/part-host-id-000001.jsonl.gz"
		if back, ok := publishedName(segmentName(name)); !ok || back != name {
			t.Fatalf("%q is not found again: %q", name, back)
		}
		if ok && value != "" && unescape(t, escaped) != value {
			t.Fatalf("%q became %q", value, escaped)
		}
	})
}

func unescape(t *testing.T, escaped string) string {
	var b strings.Builder
	for i := 0; i < len(escaped); i++ {
		c := escaped[i]
		if c == '%' {
			if _, err := fmt.Sscanf(escaped[i+1:i+3], "%02X", &c); err != nil {
				t.Fatal(err)
			}
			i += 2
		}
		b.WriteByte(c)
	}
	return b.String()
}

func FuzzPublishedName(f *testing.F) {
	for _, seed := range []string{
		"dt=2026-11-23,hour=12,part-a-1.jsonl.gz.open", "dt=2026-11-23,hour=12,type=x,part-a-1.jsonl.open",
		"..,..,part-1.jsonl.open", "dt=,hour=,part-.jsonl.zst.open", "dt=/../,hour=1,part-.jsonl.open",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, segment string) {
		name, ok := publishedName(segment)
		if !ok {
			return
		}
		if !filepath.IsLocal(name) || segmentName(name) != segment || strings.HasPrefix(filepath.Base(name), "_") || filepath.Clean(name) != name {
			t.Fatalf("%q leads to %q", segment, name)
		}
	})
}
