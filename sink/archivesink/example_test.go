package archivesink_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/archivesink"
)

// Messages go into the directory of the hour in which they were received. Once the archive has been shut down, or a segment
// has been full, old or idle, they can be read with zcat, or as here.
func ExampleNew() {
	dir, err := os.MkdirTemp("", "archive")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	archive, err := archivesink.New(dir, nil)
	if err != nil {
		log.Fatal(err)
	}
	received := time.Date(2026, 11, 23, 8, 30, 0, 0, time.UTC)
	batch, err := parse(received,
		`{"type":"oldstyle","payload":"disk is slow","severity":4}`,
		`{"type":"deploy","payload":"v42 is out","severity":6}`,
	)
	if err != nil {
		log.Fatal(err)
	}
	if err := archive.Send(context.Background(), batch); err != nil {
		log.Fatal(err)
	}
	if err := archive.Shutdown(context.Background()); err != nil {
		log.Fatal(err)
	}

	names, err := filepath.Glob(filepath.Join(dir, "dt=*", "hour=*", "*.jsonl.gz"))
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range names {
		if err := show(dir, name); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// dt=2026-11-23/hour=08/part-HOST-ID-000001.jsonl.gz
	// {"type":"oldstyle","payload":"disk is slow","severity":4}
	// {"type":"deploy","payload":"v42 is out","severity":6}
}

// A source sets when a message was received; here the example does.
func parse(received time.Time, texts ...string) (batch []envelope.Message, err error) {
	var parser envelope.Parser
	text := strings.Join(texts, "\n")
	return parser.AppendParse(batch, text, len(text), envelope.Meta{Received: received})
}

var hostAndID = regexp.MustCompile(`part-.*-[0-9a-f]{16}-`)

func show(dir, name string) error {
	relative, err := filepath.Rel(dir, name)
	if err != nil {
		return err
	}
	fmt.Println(hostAndID.ReplaceAllString(filepath.ToSlash(relative), "part-HOST-ID-"))
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	text, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	for lines := bufio.NewScanner(text); lines.Scan(); {
		fmt.Println(lines.Text())
	}
	return text.Close()
}

// A column of its own for the type lets engines skip the files of other types.
func ExamplePartition() {
	dir, err := os.MkdirTemp("", "archive")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	archive, err := archivesink.New(dir, &archivesink.Options{
		Compress:  archivesink.Zstd,
		Partition: archivesink.Partition{Column: "kind", Value: (*envelope.Message).Type},
	})
	if err != nil {
		log.Fatal(err)
	}
	received := time.Date(2026, 11, 23, 8, 30, 0, 0, time.UTC)
	batch, err := parse(received, `{"type":"cef"}`, `{"type":"../../etc"}`)
	if err != nil {
		log.Fatal(err)
	}
	if err := archive.Send(context.Background(), batch); err != nil {
		log.Fatal(err)
	}
	if err := archive.Shutdown(context.Background()); err != nil {
		log.Fatal(err)
	}
	partitions, err := filepath.Glob(filepath.Join(dir, "dt=*", "hour=*", "kind=*"))
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range partitions {
		relative, err := filepath.Rel(dir, p)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(filepath.ToSlash(relative))
	}
	// Output:
	// dt=2026-11-23/hour=08/kind=..%2F..%2Fetc
	// dt=2026-11-23/hour=08/kind=cef
}

// A directory is a Store too: another disk, or a mount. A real one syncs, and does not write what is there already.
type mount struct{ root string }

func (m mount) Put(ctx context.Context, name string, file io.ReaderAt, size int64) error {
	final := filepath.Join(m.root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(final), 0o750); err != nil {
		return err
	}
	half, err := os.CreateTemp(m.root, "_tmp-")
	if err != nil {
		return err
	}
	defer os.Remove(half.Name())
	if _, err := io.Copy(half, io.NewSectionReader(file, 0, size)); err != nil {
		return err
	}
	if err := half.Close(); err != nil {
		return err
	}
	return os.Rename(half.Name(), final)
}

// What is sealed goes to the Store, and what lies in the archive's own directory is what the Store does not have.
func ExampleStore() {
	dir, err := os.MkdirTemp("", "archive")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	here, there := filepath.Join(dir, "here"), filepath.Join(dir, "there")

	archive, err := archivesink.New(here, &archivesink.Options{Ship: mount{there}})
	if err != nil {
		log.Fatal(err)
	}
	batch, err := parse(time.Now(), `{"type":"deploy","payload":"v42 is out"}`)
	if err != nil {
		log.Fatal(err)
	}
	if err := archive.Send(context.Background(), batch); err != nil {
		log.Fatal(err)
	}
	if err := archive.Shutdown(context.Background()); err != nil {
		log.Fatal(err)
	}
	for _, root := range []string{here, there} {
		names, err := filepath.Glob(filepath.Join(root, "dt=*", "hour=*", "part-*"))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(filepath.Base(root), len(names))
	}
	// Output:
	// here 0
	// there 1
}
