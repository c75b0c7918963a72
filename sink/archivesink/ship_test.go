package archivesink_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mozilla-services/metlog-go/sink/archivesink"
)

// A store keeps whole files, and fails as it is told.
type store struct {
	mu    sync.Mutex
	files map[string]string
	puts  []string // every attempt
	fail  func(name string) error
}

func (s *store) Put(ctx context.Context, name string, file io.ReaderAt, size int64) error {
	text, err := io.ReadAll(io.NewSectionReader(file, 0, size))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.puts = append(s.puts, name)
	if err != nil {
		return err
	}
	if s.fail != nil {
		if err := s.fail(name); err != nil {
			return err
		}
	}
	if s.files == nil {
		s.files = make(map[string]string)
	}
	if old, ok := s.files[name]; ok && len(old) != int(size) {
		return errors.New("another file is there")
	}
	s.files[name] = string(text)
	return nil
}

func (s *store) setFail(fail func(string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = fail
}

func (s *store) attempts() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.puts)
}

// expect checks that exactly these payloads are in the store.
func (s *store) expect(t *testing.T, want []string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var got []string
	for name, file := range s.files {
		for _, match := range payloadOf.FindAllStringSubmatch(unpack(t, name, []byte(file)), -1) {
			got = append(got, match[1])
		}
	}
	slices.Sort(got)
	if want = slices.Sorted(slices.Values(want)); !slices.Equal(got, want) {
		t.Errorf("the store has %d messages %.200v, want %d %.200v", len(got), got, len(want), want)
	}
}

var errDown = errors.New("the store is down")

func down(string) error { return errDown }

func TestShip(t *testing.T) {
	dir := t.TempDir()
	var hdfs store
	s := open(t, dir, &archivesink.Options{Ship: &hdfs, SealBytes: 1000})
	for from := 0; from < 100; from += 10 {
		send(t, s, messages(t, from, 10)...)
	}
	shutdown(t, s)
	hdfs.expect(t, payloads(0, 100))
	if left := append(files(t, dir, false), files(t, dir, true)...); left != nil {
		t.Errorf("left over: %v", left)
	}
	if len(hdfs.puts) != 10 || !strings.HasPrefix(hdfs.puts[0], "dt=2026-11-23/hour=12/part-") {
		t.Errorf("puts: %v", hdfs.puts)
	}
}

func TestShipAtNextStart(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil) // the first one had no store
	send(t, s, messages(t, 0, 10)...)
	shutdown(t, s)
	hdfs := store{fail: down}
	s = open(t, dir, &archivesink.Options{Ship: &hdfs})
	send(t, s, messages(t, 10, 10)...)
	shutdown(t, s) // what the store did not take is no error
	if a := s.Account(); !errors.Is(a.LastError, errDown) || a.Done != 10 || !a.Balanced() {
		t.Errorf("account: %+v", a)
	}
	expect(t, dir, payloads(0, 20))
	hdfs.setFail(nil)
	shutdown(t, open(t, dir, &archivesink.Options{Ship: &hdfs}))
	expect(t, dir, nil)
	hdfs.expect(t, payloads(0, 20))
}

func TestShipRetries(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		hdfs := store{fail: down}
		s := open(t, dir, &archivesink.Options{Ship: &hdfs, SealBytes: 1})
		for i := range 3 {
			send(t, s, messages(t, i, 1)...)
		}
		synctest.Wait()
		time.Sleep(10 * time.Minute)
		if n := len(hdfs.attempts()); n < 10 || n > 30 {
			t.Errorf("%d attempts in ten minutes", n)
		}
		expect(t, dir, payloads(0, 3))
		poison := hdfs.attempts()[0]
		hdfs.setFail(func(name string) error {
			if name == poison {
				return errDown
			}
			return nil
		})
		time.Sleep(3 * time.Minute) // one that the store never takes does not keep the others
		if n := len(files(t, dir, false)); n != 1 {
			t.Errorf("%d files left", n)
		}
		hdfs.setFail(nil)
		time.Sleep(2 * time.Minute)
		hdfs.expect(t, payloads(0, 3))
		expect(t, dir, nil)
		shutdown(t, s)
	})
}

func TestShipTwoRouters(t *testing.T) {
	dir := t.TempDir()
	var hdfs store
	routers := []*archivesink.Sink{
		open(t, dir, &archivesink.Options{Ship: &hdfs, SealBytes: 1000}),
		open(t, dir, &archivesink.Options{Ship: &hdfs, SealBytes: 1000}),
	}
	for from := 0; from < 500; from += 10 {
		send(t, routers[from/10%2], messages(t, from, 10)...)
	}
	shutdown(t, routers[0])
	shutdown(t, routers[1])
	hdfs.expect(t, payloads(0, 500))
	if puts := slices.Sorted(slices.Values(hdfs.puts)); len(slices.Compact(puts)) != len(hdfs.puts) {
		t.Error("two routers shipped the same file")
	}
}

// A file that another router is shipping is its affair.
func TestShipLocked(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil)
	send(t, s, messages(t, 0, 3)...)
	shutdown(t, s)
	file, err := os.Open(filepath.Join(dir, files(t, dir, false)[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	var hdfs store
	shutdown(t, open(t, dir, &archivesink.Options{Ship: &hdfs}))
	if n := len(hdfs.attempts()); n > 0 {
		t.Errorf("%d attempts at a locked file", n)
	}
	expect(t, dir, payloads(0, 3))
}

// A Put that does not end keeps nobody from ending, if it heeds its context.
func TestShipHangs(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*archivesink.Sink) error
	}{
		{"Close", (*archivesink.Sink).Close},
		{"Shutdown", func(s *archivesink.Sink) error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			return s.Shutdown(ctx)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				s := open(t, dir, &archivesink.Options{Ship: hanging{}, SealBytes: 1})
				send(t, s, messages(t, 0, 1)...)
				synctest.Wait()
				if err := c.end(s); err != nil {
					t.Error(err)
				}
				if err := s.Account().LastError; err == nil || !strings.Contains(err.Error(), ": ship: ") {
					t.Errorf("what hung is not told: %v", err)
				}
			})
			expect(t, dir, payloads(0, 1))
		})
	}
}

type hanging struct{}

func (hanging) Put(ctx context.Context, _ string, _ io.ReaderAt, _ int64) error {
	<-ctx.Done()
	return ctx.Err()
}
