package archivesink_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/archivesink"
)

func TestSealByBytes(t *testing.T) {
	dir := t.TempDir()
	line := len(messages(t, 0, 1)[0].JSON()) + 1
	synctest.Test(t, func(t *testing.T) {
		s := open(t, dir, &archivesink.Options{SealBytes: int64(10 * line)})
		send(t, s, messages(t, 0, 9)...)
		synctest.Wait()
		expect(t, dir, nil)
		send(t, s, messages(t, 0, 1)...)
		synctest.Wait()
		expect(t, dir, append(payloads(0, 9), "0"))
		send(t, s, messages(t, 10, 1)...) // begins another segment
		shutdown(t, s)
	})
	if names := files(t, dir, false); len(names) != 2 {
		t.Errorf("files: %v", names)
	}
}

func TestSealByAge(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, dir, &archivesink.Options{SealAge: 10 * time.Minute, SealIdle: 5 * time.Minute})
		for i := range 10 { // one a minute, so never idle
			send(t, s, messages(t, i, 1)...)
			time.Sleep(time.Minute - time.Nanosecond)
		}
		synctest.Wait()
		expect(t, dir, nil)
		time.Sleep(time.Second)
		synctest.Wait()
		expect(t, dir, payloads(0, 10))
		shutdown(t, s)
	})
}

func TestSealByIdleness(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, dir, &archivesink.Options{SealAge: time.Hour, SealIdle: 5 * time.Minute})
		send(t, s, messages(t, 0, 1)...)
		time.Sleep(4 * time.Minute)
		send(t, s, messages(t, 1, 1)...)
		time.Sleep(4 * time.Minute)
		synctest.Wait()
		expect(t, dir, nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		expect(t, dir, payloads(0, 2))
		shutdown(t, s)
	})
}

func TestSealIdlest(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, dir, &archivesink.Options{MaxOpen: 2})
		hour := func(h int) envelope.Message {
			return message(t, "a", strconv.Itoa(h), noon.Add(time.Duration(h)*time.Hour))
		}
		for _, h := range []int{0, 1, 0} {
			send(t, s, hour(h))
			time.Sleep(time.Second)
		}
		send(t, s, hour(2)) // hour 1 has been idle for longer than hour 0
		synctest.Wait()
		expect(t, dir, []string{"1"})
		shutdown(t, s)
		expect(t, dir, []string{"0", "0", "1", "2"})
	})
}

// TestManyPartitions needs more segments than may be open, so Sends wait for the sealer.
func TestManyPartitions(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, &archivesink.Options{MaxOpen: 2})
	var batch []envelope.Message
	for h := range 50 {
		batch = append(batch, message(t, "a", strconv.Itoa(h), noon.Add(time.Duration(h)*time.Hour)))
	}
	send(t, s, batch...)
	if open := files(t, dir, true); len(open) > 2*2+1 {
		t.Errorf("%d segments at once: %v", len(open), open)
	}
	shutdown(t, s)
	expect(t, dir, payloads(0, 50))
}

// TestSealingFails blocks the place of the sealed files. What is archived goes on until too many segments wait; then Send
// fails instead of waiting, and all is well once the place is free.
func TestSealingFails(t *testing.T) {
	dir := t.TempDir()
	blocked := filepath.Join(dir, "dt=2026-11-23")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s := open(t, dir, &archivesink.Options{MaxOpen: 2, SealBytes: 1})
		for i := range 4 {
			send(t, s, messages(t, i, 1)...)
		}
		synctest.Wait()
		if err := s.Send(t.Context(), messages(t, 4, 1)); err == nil {
			t.Error("a fifth segment waits to be sealed")
		}
		if a := s.Account(); a.Done != 4 || a.Refused != 1 || !a.Balanced() || a.LastError == nil {
			t.Errorf("account: %+v", a)
		}
		if err := os.Remove(blocked); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		expect(t, dir, payloads(0, 4))
		send(t, s, messages(t, 4, 1)...)
		shutdown(t, s)
		expect(t, dir, payloads(0, 5))
	})
}

func TestShutdownCannotSeal(t *testing.T) {
	dir := t.TempDir()
	blocked := filepath.Join(dir, "dt=2026-11-23")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, nil)
	send(t, s, messages(t, 0, 3)...)
	if err := s.Shutdown(t.Context()); err == nil {
		t.Error("Shutdown says that all is sealed")
	}
	if err := os.Remove(blocked); err != nil {
		t.Fatal(err)
	}
	shutdown(t, open(t, dir, nil))
	expect(t, dir, payloads(0, 3))
}

func TestCancelledSendAccepts(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Send(ctx, messages(t, 0, 3)); err != nil {
		t.Errorf("a Send that need not wait looked at its context: %v", err)
	}
	shutdown(t, s)
	expect(t, dir, payloads(0, 3))
}

func TestVanishedDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "archive")
	s := open(t, dir, nil)
	send(t, s, messages(t, 0, 10)...)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	send(t, s, messages(t, 10, 10)...) // made anew
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil { // cannot be made anew
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), messages(t, 20, 10)); err == nil {
		t.Error("Send succeeded without a directory")
	}
	if a := s.Account(); a.Done != 20 || a.Refused != 10 || a.LastError == nil || !a.Balanced() {
		t.Errorf("account: %+v", a)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	send(t, s, messages(t, 30, 10)...)
	shutdown(t, s)
	// What was acknowledged before the directory vanished was saved from the open file.
	expect(t, dir, append(payloads(0, 20), payloads(30, 10)...))
}

func TestMovedDirectory(t *testing.T) {
	parent := t.TempDir()
	dir, moved := filepath.Join(parent, "archive"), filepath.Join(parent, "moved")
	s := open(t, dir, nil)
	send(t, s, messages(t, 0, 10)...)
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	shutdown(t, s)
	if a := s.Account(); a.LastError == nil {
		t.Error("nothing tells of it")
	}
	shutdown(t, open(t, moved, nil))
	expect(t, moved, payloads(0, 10))
}

func TestMaxBytes(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, dir, &archivesink.Options{MaxBytes: 10_000, Compress: archivesink.Plain, SealBytes: 3000})
		sent := 0
		var err error
		for err == nil {
			if err = s.Send(t.Context(), messages(t, sent, 10)); err == nil {
				sent += 10
			}
			synctest.Wait() // sealed, if it is time for that
		}
		if size := totalSize(t, dir); size > 10_000 || size < 8_000 {
			t.Errorf("full at %d bytes", size)
		}
		for _, e := range sink.Failures(err, 10) {
			if sink.IsPermanent(e) || !strings.Contains(e.Error(), "full") {
				t.Errorf("full: %v", e)
			}
		}
		if a := s.Account(); a.Done != uint64(sent) || a.Refused != 10 || !a.Balanced() {
			t.Errorf("account: %+v", a)
		}
		removed := files(t, dir, false)[0]
		lines := read(t, filepath.Join(dir, removed))
		if err := os.Remove(filepath.Join(dir, removed)); err != nil { // an operator makes room
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if err := s.Send(t.Context(), messages(t, sent, 10)); err == nil {
			t.Error("the room was seen before it was counted")
		}
		synctest.Wait() // that one had it counted
		send(t, s, messages(t, sent, 10)...)
		shutdown(t, s)
		if got := published(t, dir); len(got) != sent-len(lines)+10 || !slices.Contains(got, strconv.Itoa(sent)) {
			t.Errorf("%d published, %d sent, %d removed", len(got), sent, len(lines))
		}
	})
}

// What lies there at the start, of whomever, counts.
func TestMaxBytesCountsAll(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, &archivesink.Options{Compress: archivesink.Plain})
	send(t, s, messages(t, 0, 100)...)
	second := open(t, dir, &archivesink.Options{MaxBytes: 5000})
	if err := second.Send(t.Context(), messages(t, 100, 1)); err == nil {
		t.Error("the other router's segment is not counted")
	}
	shutdown(t, s)
	third := open(t, dir, &archivesink.Options{MaxBytes: 5000})
	if err := third.Send(t.Context(), messages(t, 100, 1)); err == nil {
		t.Error("sealed files are not counted")
	}
	expect(t, dir, payloads(0, 100))
}

func totalSize(t *testing.T, dir string) (sum int64) {
	t.Helper()
	for _, name := range append(files(t, dir, false), files(t, dir, true)...) {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		sum += info.Size()
	}
	return sum
}
