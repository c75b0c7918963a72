package hdfssink

import (
	"errors"
	"path"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/sink"
)

func TestHostileNames(t *testing.T) {
	for _, test := range []struct{ name, path, reason string }{
		{"empty", "", "is empty"},
		{"root", ".", "is no relative path"},
		{"up", "..", "is no relative path"},
		{"up and away", "dt=2026-11-23/../../../etc/passwd", "is no relative path"},
		{"absolute", "/etc/passwd", "is no relative path"},
		{"double slash", "dt=1//part", "is no relative path"},
		{"trailing slash", "dt=1/", "is no relative path"},
		{"dot inside", "dt=1/./part", "is no relative path"},
		{"NUL", "dt=1/part\x00.gz", `holds '\x00'`},
		{"newline", "dt=1/part\n.gz", `holds '\n'`},
		{"colon", "dt=1/part:1", "holds ':'"},
		{"bidi", "dt=1/part\u202e.gz", `holds '\u202e'`},
		{"not UTF-8", "dt=1/part\xff", "is not UTF-8"},
		{"10 kB", strings.Repeat("a", 10_000), "is too long"},
		{"10 kB of directories", strings.Repeat("a/", 5_000) + "b", "is too long"},
		{"long part", "dt=1/" + strings.Repeat("a", 256), "has a part that is too long"},
		{"too long below the root", strings.Repeat("a/", 3_998) + "b", "is too long"},
		{"hidden file", "dt=1/_part", "is hidden from readers"},
		{"hidden directory", "_tmp/part", "is hidden from readers"},
		{"snapshot", ".snapshot/part", "is hidden from readers"},
		{"reserved", ".reserved/raw", "is hidden from readers"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, c := newStore(t, nil)
			err := s.Put(t.Context(), test.path, strings.NewReader("x"), 1)
			var wrong *NameError
			if !errors.As(err, &wrong) || wrong.Reason != test.reason || !sink.IsPermanent(err) || len(err.Error()) > 1000 {
				t.Errorf("%v, want %q", err, test.reason)
			}
			if len(c.steps) > 0 {
				t.Errorf("steps %q", c.steps)
			}
		})
	}
}

func TestNames(t *testing.T) {
	for _, name := range []string{
		"part", "dt=2026-11-23/hour=12/kind=..%2F..%2Fetc/part-a.jsonl.gz", "dt=1/kind=__OTHER__/é b", "a/b~{*}$(x)\\",
	} {
		s, _ := newStore(t, nil)
		if got, err := s.finalPath(name); err != nil || got != "/archive/"+name {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
}

func TestRoot(t *testing.T) {
	for root, want := range map[string]string{
		"/": "/", "/archive": "/archive", "/archive/": "/archive", "//a//./b": "/a/b", "/a..b/..c": "/a..b/..c", "/user/_x/.y": "/user/_x/.y",
		"": "", "archive": "", "../archive": "", "/a/../b": "", "/..": "", "/a/..": "", "/a\x00b": "", "/a:b": "", "hdfs://nn:8020/archive": "", "/\xff": "",
	} {
		s, err := New([]string{"nn:8020"}, root, nil)
		if want == "" {
			var wrong *NameError
			if !errors.As(err, &wrong) {
				t.Errorf("%q: %v", root, err)
			}
		} else if err != nil || s.root != want {
			t.Errorf("%q: %v, want %q", root, err, want)
		}
	}
	s, err := New([]string{"nn:8020"}, "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.finalPath("a/b"); err != nil || got != "/a/b" {
		t.Errorf("%q, %v", got, err)
	}
}

// No name leaves the root, is hidden, or is changed.
func FuzzName(f *testing.F) {
	for _, name := range []string{"dt=2026-11-23/hour=12/part-a.gz", "../x", "/x", "", "a//b", "_x", "a\x00", "a\xff", "é/ü"} {
		f.Add(name)
	}
	s, err := New([]string{"nn:8020"}, "/archive", nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name string) {
		final, err := s.finalPath(name)
		if err != nil {
			if text := err.Error(); len(text) > 1000 || strings.ContainsAny(text, "\n\x00\x1b") {
				t.Errorf("the error of %q is %q", name, text)
			}
			return
		}
		if final != "/archive/"+name || path.Clean(final) != final || isHidden(name) || strings.ContainsAny(name, ":\n\x00") {
			t.Errorf("%q stands at %q", name, final)
		}
	})
}
