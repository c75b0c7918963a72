package archivesink

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/isnil"
)

// Options are what [New] may be told. The zero value of each field means its default.
type Options struct {
	// Compress is the form of sealed files. Default: Gzip.
	Compress Compression

	// Sync makes Send fsync what it wrote before it returns, so that it survives power loss. Default: false.
	Sync bool

	// SealBytes is how many bytes of text end a segment; the batch that reaches it is still in it. Default: 128 MiB.
	SealBytes int64

	// SealAge is how long after its first message a segment is sealed. Default: 15 minutes.
	SealAge time.Duration

	// SealIdle is how long after its last message a segment is sealed. Default: 5 minutes.
	SealIdle time.Duration

	// MaxOpen bounds the segments being written to, one for each partition in use. When one more is needed, the one idle
	// longest is sealed. As many again may wait for that, each an open file: the process needs to be allowed more than twice
	// as many, or nothing can be sealed any more. Default: 256.
	MaxOpen int

	// MaxBytes bounds the bytes of all segments and sealed files in the directory, those of other routers included as far
	// as they were seen (they are counted at the start, after each sealing, and when it is full). A Send that would go
	// beyond returns an error. A file being compressed comes on top until its segment is removed. Default: 0, no bound.
	MaxBytes int64

	// Partition is one more column of the layout, taken from message data. Default: none.
	Partition Partition

	// Ship takes every sealed file, which is removed here once it has. Default: nil, sealed files stay.
	Ship Store
}

// Compression is the form of a sealed file.
type Compression uint8

// The forms of a sealed file. Spark reads all of them, Hive and map-reduce Gzip and Plain; for Zstd these two need Hadoop's
// native libraries.
const (
	Gzip  Compression = iota // RFC 1952, fastest level; NAME.jsonl.gz
	Zstd                     // RFC 8878, fastest level; NAME.jsonl.zst
	Plain                    // the lines as they are; NAME.jsonl
)

// extension returns what the names of such files end in.
func (c Compression) extension() string {
	switch c {
	case Gzip:
		return ".jsonl.gz"
	case Zstd:
		return ".jsonl.zst"
	default:
		return ".jsonl"
	}
}

// A Partition is a directory level below hour, COLUMN=VALUE, taken from message data:
//
//	archivesink.Partition{Column: "kind", Value: (*envelope.Message).Type}
//
// Values are escaped as Hive does it. An empty one is __HIVE_DEFAULT_PARTITION__, which reads as NULL. One that comes after
// MaxValues others, is longer than 96 bytes once escaped, or holds what cannot be printed, is __OTHER__. A column that is
// named like a member of the envelope hides that one from SQL engines.
type Partition struct {
	Column    string                         // a-z, 0-9 and _, a letter first, at most 32 bytes; not dt or hour
	Value     func(*envelope.Message) string // called concurrently; what it returns is not kept
	MaxValues int                            // distinct values, counted anew each hour; default 64
}

func (o *Options) withDefaults() (Options, error) {
	var opts Options
	if o != nil {
		opts = *o
	}
	if err := opts.check(); err != nil {
		return opts, err
	}
	setDefault(&opts.SealBytes, 128<<20)
	setDefault(&opts.SealAge, 15*time.Minute)
	setDefault(&opts.SealIdle, 5*time.Minute)
	setDefault(&opts.MaxOpen, 256)
	setDefault(&opts.Partition.MaxValues, 64)
	return opts, nil
}

func setDefault[T int | int64 | time.Duration](v *T, value T) {
	if *v == 0 {
		*v = value
	}
}

func (o *Options) check() error {
	var err error
	if o.Compress > Plain {
		err = errors.Join(err, fmt.Errorf("archivesink: Options.Compress: unknown compression %d", o.Compress))
	}
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"SealBytes", o.SealBytes}, {"SealAge", int64(o.SealAge)}, {"SealIdle", int64(o.SealIdle)},
		{"MaxOpen", int64(o.MaxOpen)}, {"MaxBytes", o.MaxBytes}, {"Partition.MaxValues", int64(o.Partition.MaxValues)},
	} {
		if f.value < 0 {
			err = errors.Join(err, fmt.Errorf("archivesink: Options.%s: %d is negative", f.name, f.value))
		}
	}
	if o.Ship != nil && isnil.Is(o.Ship) {
		err = errors.Join(err, errors.New("archivesink: Options.Ship: a nil pointer"))
	}
	return errors.Join(err, o.Partition.check())
}

var columnForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

func (p *Partition) check() error {
	switch {
	case p.Column == "" && p.Value == nil:
		return nil
	case p.Column == "dt" || p.Column == "hour" || !columnForm.MatchString(p.Column):
		return fmt.Errorf("archivesink: Options.Partition.Column: %q cannot name a column", p.Column)
	case p.Value == nil:
		return errors.New("archivesink: Options.Partition.Value: nil")
	}
	return nil
}
