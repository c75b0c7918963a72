package archivesink_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/archivesink"
)

// noon is when the messages of most tests were received.
var noon = time.Date(2026, 11, 23, 12, 30, 0, 0, time.UTC)

// message returns an envelope with a payload, received at a time.
func message(tb testing.TB, typ, payload string, received time.Time) envelope.Message {
	tb.Helper()
	m, err := envelope.Draft{Timestamp: noon, Type: typ, Logger: "shop", Payload: payload}.Seal()
	if err != nil {
		tb.Fatal(err)
	}
	return m.WithMeta(envelope.Meta{Received: received, ID: envelope.NewID()})
}

// messages returns n envelopes with the payloads from, from+1 ..., received at noon.
func messages(tb testing.TB, from, n int) []envelope.Message {
	batch := make([]envelope.Message, n)
	for i := range batch {
		batch[i] = message(tb, envelope.TypeLog, strconv.Itoa(from+i), noon)
	}
	return batch
}

func payloads(from, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = strconv.Itoa(from + i)
	}
	return list
}

func open(tb testing.TB, dir string, opts *archivesink.Options) *archivesink.Sink {
	tb.Helper()
	s, err := archivesink.New(dir, opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

func send(tb testing.TB, s *archivesink.Sink, batch ...envelope.Message) {
	tb.Helper()
	if err := s.Send(tb.Context(), batch); err != nil {
		tb.Fatal(err)
	}
}

func shutdown(tb testing.TB, s *archivesink.Sink) {
	tb.Helper()
	if err := s.Shutdown(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

// files returns the names of all files in dir, with slashes, those that a reader sees or the others.
func files(tb testing.TB, dir string, hidden bool) (names []string) {
	tb.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if isHidden(filepath.ToSlash(name)) == hidden {
			names = append(names, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return names
}

// isHidden is the rule of Hive, Spark and map-reduce.
func isHidden(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool {
		return strings.HasPrefix(part, "_") || strings.HasPrefix(part, ".")
	})
}

// read returns the lines of a published file, each of which must end with a newline.
func read(tb testing.TB, path string) []string {
	tb.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	text := unpack(tb, path, file)
	if text == "" || !strings.HasSuffix(text, "\n") {
		tb.Fatalf("%s ends in %q", path, text[max(0, len(text)-40):])
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

func unpack(tb testing.TB, name string, file []byte) string {
	tb.Helper()
	var r io.Reader = bytes.NewReader(file)
	var err error
	switch filepath.Ext(name) {
	case ".gz":
		r, err = gzip.NewReader(r)
	case ".zst":
		var d *zstd.Decoder
		if d, err = zstd.NewReader(r, zstd.WithDecoderConcurrency(1)); err == nil {
			defer d.Close()
			r = d
		}
	}
	if err != nil {
		tb.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	return string(text)
}

var payloadOf = regexp.MustCompile(`"payload":"([^"]*)"`)

// published returns the payloads of all messages in published files, in the order of the names.
func published(tb testing.TB, dir string) (found []string) {
	tb.Helper()
	for _, name := range files(tb, dir, false) {
		for _, line := range read(tb, filepath.Join(dir, name)) {
			match := payloadOf.FindStringSubmatch(line)
			if match == nil {
				tb.Fatalf("%s: no payload in %q", name, line)
			}
			found = append(found, match[1])
		}
	}
	return found
}

// expect checks that exactly these payloads are published, each once, in any order.
func expect(tb testing.TB, dir string, want []string) {
	tb.Helper()
	got := slices.Sorted(slices.Values(published(tb, dir)))
	if want = slices.Sorted(slices.Values(want)); !slices.Equal(got, want) {
		tb.Fatalf("published %d messages %.300v, want %d %.300v", len(got), got, len(want), want)
	}
}
