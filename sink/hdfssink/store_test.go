package hdfssink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mozilla-services/metlog-go/sink/archivesink"
)

var _ archivesink.Store = (*Store)(nil)

const (
	name  = "dt=2026-11-23/hour=12/part-web-0123456789abcdef-000001.jsonl.gz"
	final = "/archive/" + name
)

var text = bytes.Repeat([]byte("0123456789abcdef"), chunkBytes/16*2+5) // two chunks and a bit

func put(t *testing.T, s *Store) error {
	t.Helper()
	return s.Put(t.Context(), name, bytes.NewReader(text), int64(len(text)))
}

func TestPut(t *testing.T) {
	s, c := newStore(t, nil)
	if err := put(t, s); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"connect", "stat " + name[22:], "mkdir hour=12", "mkdir _tmp", "create TMP", "write TMP", "write TMP", "write TMP",
		"close TMP", "stat TMP", "stat " + name[22:], "rename " + name[22:], "list _tmp",
	}
	if !slices.Equal(c.steps, want) {
		t.Errorf("steps %q\nwant  %q", c.steps, want)
	}
	if f := c.files[final]; len(c.files) != 1 || f == nil || !bytes.Equal(f.text.Bytes(), text) {
		t.Errorf("files: %v", c.names())
	}
	for _, dir := range []string{"/archive", "/archive/dt=2026-11-23/hour=12", "/archive/_tmp"} {
		if c.dirs[dir] != 0o750 {
			t.Errorf("%s has mode %v", dir, c.dirs[dir])
		}
	}
	c.steps = nil
	if err := put(t, s); err != nil { // a name that is there with that size is done
		t.Error(err)
	}
	if want := []string{"connect", "stat " + name[22:]}; !slices.Equal(c.steps, want) {
		t.Errorf("steps %q, want %q", c.steps, want)
	}
}

func TestPutEmpty(t *testing.T) {
	s, c := newStore(t, nil)
	if err := s.Put(t.Context(), name, strings.NewReader(""), 0); err != nil {
		t.Fatal(err)
	}
	if c.count("write") != 0 || c.files[final] == nil {
		t.Errorf("steps %q", c.steps)
	}
}

func TestAnotherFileIsThere(t *testing.T) {
	for _, test := range []struct {
		name string
		set  func(*cluster)
	}{
		{"a file", func(c *cluster) { c.files[final] = &file{name: final} }},
		{"a directory", func(c *cluster) { c.dirs[final] = 0o750 }},
		{"a file that comes while this one is written", func(c *cluster) {
			c.fail = func(step, _ string) error {
				if step == "close" {
					c.files[final] = &file{name: final}
				}
				return nil
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, c := newStore(t, nil)
			test.set(c)
			err := put(t, s)
			if !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), final) {
				t.Error(err)
			}
			if c.count("rename") > 0 {
				t.Error("it was replaced")
			}
		})
	}
}

// The same file, published by someone else meanwhile, is done.
func TestTheSameFileComes(t *testing.T) {
	s, c := newStore(t, nil)
	c.fail = func(step, _ string) error {
		if step == "close" {
			c.files[final] = &file{name: final, text: *bytes.NewBuffer(text)}
		}
		return nil
	}
	if err := put(t, s); err != nil || c.count("rename") > 0 {
		t.Errorf("%v, steps %q", err, c.steps)
	}
	c.fail = nil
	if err := s.Put(t.Context(), "other", strings.NewReader("x"), 1); err != nil { // which clears up
		t.Error(err)
	}
	if want := []string{final, "/archive/other"}; !slices.Equal(slices.Sorted(slices.Values(c.names())), []string{want[0], want[1]}) {
		t.Errorf("files: %q", c.names())
	}
}

var errDown = errors.New("the server is down")

// Whatever step fails, once or its answer is lost, nothing is visible but the whole file, and the next Put makes it so.
func TestFailingSteps(t *testing.T) {
	for _, test := range []struct {
		step     string
		answer   bool // it is done, and only its answer is lost
		attempts int  // of a Put at which it fails always
	}{
		{"connect", false, 1},
		{"stat", false, 1},
		{"mkdir", false, 1},
		{"create", false, 1},
		{"write", false, maxAttempts},
		{"close", false, maxAttempts},
		{"close", true, maxAttempts},
		{"rename", false, 1},
		{"rename", true, 1},
	} {
		t.Run(fmt.Sprintf("%s done %t", test.step, test.answer), func(t *testing.T) {
			s, c := newStore(t, nil)
			fail := func(step, _ string) error {
				if f := c.files[final]; f != nil && !bytes.Equal(f.text.Bytes(), text) {
					t.Errorf("at %s: %d bytes are visible", step, f.text.Len())
				}
				if step == test.step {
					return errDown
				}
				return nil
			}
			if test.answer {
				c.after = fail
			} else {
				c.fail = fail
			}
			if err := put(t, s); !errors.Is(err, errDown) || !strings.HasPrefix(err.Error(), "hdfssink: ") {
				t.Fatal(err)
			}
			if n := c.count("connect"); n != test.attempts {
				t.Errorf("%d attempts, want %d", n, test.attempts)
			}
			if n := c.count("close"); n > test.attempts {
				t.Errorf("%d times closed in %d attempts", n, test.attempts)
			}
			c.fail, c.after = nil, nil
			if err := put(t, s); err != nil {
				t.Fatal(err)
			}
			if err := s.Put(t.Context(), "last", strings.NewReader("x"), 1); err != nil {
				t.Fatal(err)
			}
			if want := []string{final, "/archive/last"}; !slices.Equal(c.names(), want) {
				t.Errorf("files: %q", c.names())
			}
		})
	}
}

// A file that a datanode has failed is written anew under another name, never appended to.
func TestNewNameAfterFailure(t *testing.T) {
	s, c := newStore(t, nil)
	var created []string
	c.fail = func(step, name string) error {
		if step == "create" {
			created = append(created, name)
		}
		if step == "write" && len(created) < 3 {
			return errDown
		}
		return nil
	}
	if err := put(t, s); err != nil {
		t.Fatal(err)
	}
	if len(created) != 3 || len(slices.Compact(slices.Sorted(slices.Values(created)))) != 3 {
		t.Errorf("created %q", created)
	}
	if got := c.names(); !slices.Equal(got, []string{final}) {
		t.Errorf("files: %q", got)
	}
}

// What the library says of a file is nothing when the connection to a datanode broke, or the namenode has another length.
func TestLies(t *testing.T) {
	for _, test := range []struct {
		name string
		lie  func(*cluster)
		err  string
	}{
		{"broken", func(c *cluster) { c.broken = errDown }, "down"},
		{"short", func(c *cluster) { c.short = 1 }, fmt.Sprintf("HDFS has %d bytes of %d", len(text)-1, len(text))},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, c := newStore(t, nil)
			test.lie(c)
			if err := put(t, s); err == nil || !strings.Contains(err.Error(), test.err) {
				t.Error(err)
			}
			if c.count("rename") > 0 || c.count("connect") != maxAttempts {
				t.Errorf("steps %q", c.steps)
			}
		})
	}
}

func TestReplicating(t *testing.T) {
	for _, test := range []struct {
		name   string
		closes int // with this answer
		then   error
		want   int // closes in all
		err    error
	}{
		{"at last replicated", 7, nil, 8, nil},
		{"another error", 3, errDown, maxAttempts * 4, errDown},
		{"never", 1 << 30, nil, 0, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, c := newStore(t, nil)
				closes := 0
				c.fail = func(step, name string) error {
					switch step {
					case "create":
						closes = 0
					case "close":
						if closes++; closes <= test.closes {
							return replicating(name)
						}
						return test.then
					}
					return nil
				}
				began := time.Now()
				err := put(t, s)
				if test.name == "never" {
					if err == nil || time.Since(began) < 30*time.Second || time.Since(began) > 32*time.Second {
						t.Errorf("after %v: %v", time.Since(began), err)
					}
				} else if !errors.Is(err, test.err) {
					t.Error(err)
				}
				if n := c.count("close"); n != test.want && test.want > 0 {
					t.Errorf("%d closes, want %d", n, test.want)
				}
			})
		})
	}
}

func TestReplicatingEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := newStore(t, nil)
		c.fail = func(step, name string) error {
			if step == "close" {
				return replicating(name)
			}
			return nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		err := s.Put(ctx, name, bytes.NewReader(text), int64(len(text)))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 3*time.Second || c.count("connect") != 1 {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

// An attempt never lasts until another router may think its temporary file left over.
func TestSlowFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := newStore(t, &Options{Leftover: time.Minute})
		c.fail = func(step, _ string) error {
			if step == "write" {
				time.Sleep(20 * time.Second)
			}
			return nil
		}
		if err := put(t, s); !errors.Is(err, errSlow) {
			t.Error(err)
		}
	})
}

func TestSealedFile(t *testing.T) {
	for _, test := range []struct {
		name string
		file io.ReaderAt
		size int64
		err  error
	}{
		{"too short", bytes.NewReader(text), int64(len(text)) + 1, io.ErrUnexpectedEOF},
		{"cannot be read", failing{}, 1, errDown},
		{"nil", nil, 1, nil},
		{"nil pointer", (*bytes.Reader)(nil), 1, nil},
		{"negative size", bytes.NewReader(text), -1, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, c := newStore(t, nil)
			err := s.Put(t.Context(), name, test.file, test.size)
			if err == nil || test.err != nil && !errors.Is(err, test.err) {
				t.Error(err)
			}
			if c.count("rename") > 0 || c.count("connect") > 1 {
				t.Errorf("steps %q", c.steps)
			}
		})
	}
}

type failing struct{}

func (failing) ReadAt([]byte, int64) (int, error) { return 0, errDown }

func TestPanickingLibrary(t *testing.T) {
	s, c := newStore(t, nil)
	c.fail = func(step, _ string) error {
		if step == "create" {
			panic("runtime error: invalid memory address")
		}
		return nil
	}
	if err := put(t, s); err == nil || !strings.Contains(err.Error(), "panicked: runtime error") {
		t.Error(err)
	}
}

func TestPermissionNamesUserAndPath(t *testing.T) {
	s, c := newStore(t, &Options{User: "metlog"})
	c.fail = func(step, name string) error {
		if step == "mkdir" {
			return &fs.PathError{Op: step, Path: name, Err: fs.ErrPermission}
		}
		return nil
	}
	err := put(t, s)
	if want := "hdfssink: user metlog: mkdir /archive/dt=2026-11-23/hour=12: permission denied"; !errors.Is(err, fs.ErrPermission) || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

type serverError struct{ message string }

func (e serverError) Error() string {
	return "create call failed with ERROR_APPLICATION (java.io.IOException)"
}
func (e serverError) Method() string    { return "create" }
func (e serverError) Desc() string      { return "ERROR_APPLICATION" }
func (e serverError) Exception() string { return "java.io.IOException" }
func (e serverError) Message() string   { return e.message }

func TestServersOwnWords(t *testing.T) {
	s, c := newStore(t, nil)
	c.fail = func(step, _ string) error {
		if step == "create" {
			return serverError{"There are 0 datanode(s) running\r\x1b[31m\n\tat org.apache.hadoop"}
		}
		return nil
	}
	err := put(t, s)
	want := "hdfssink: writing /archive/" + name + ": create call failed with ERROR_APPLICATION (java.io.IOException): There are 0 datanode(s) running??[31m"
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
	if got := firstLine(strings.Repeat("é", 1000)); len(got) != 300 {
		t.Errorf("%d bytes", len(got))
	}
}
