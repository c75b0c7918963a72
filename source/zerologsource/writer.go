package zerologsource

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/rs/zerolog"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/jsonline"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

// patience is how long a Writer waits for what it flushes.
const patience = 2 * time.Second

// Options are what may be chosen about a [Writer]. The zero value is all defaults.
type Options struct {
	// Severity maps levels. It is called concurrently. Where it panics, the default is taken. The default is that of the
	// package's comment.
	Severity func(zerolog.Level) envelope.Severity
}

// A Writer is a zerolog.LevelWriter and an io.Closer that sends each line through a client. Its methods may be called
// concurrently, also after the client's Shutdown, and keep nothing of what they are given.
type Writer struct {
	client   *metlog.Client
	severity func(zerolog.Level) envelope.Severity
	lines    sync.Pool // of *line
}

// New returns a Writer that sends through m, which it never shuts down. It panics when m is nil.
func New(m *metlog.Client, o *Options) *Writer {
	if m == nil {
		panic("zerologsource: nil client")
	}
	w := &Writer{client: m, severity: severityOf}
	if o != nil && o.Severity != nil {
		w.severity = safely(o.Severity)
	}
	w.lines.New = func() any { return new(line) }
	return w
}

// WriteLevel sends p, which is one line. It returns len(p) always. At fatal and panic it waits until the client has
// offered the line to its sink, for 2 seconds at most, and the error says that it has not.
func (w *Writer) WriteLevel(level zerolog.Level, p []byte) (n int, err error) {
	l := w.lines.Get().(*line) //nolint:forcetypeassert // nothing else is put there
	if end, ok := l.Scan(p); !ok || jsonline.PastBlanks(p, end) < len(p) || !w.send(l, level) {
		w.whole(level, p)
	}
	w.put(l)
	if urgent(level) {
		return len(p), w.flush()
	}
	return len(p), nil
}

// Write sends p, which is one line or several, each as a message of its own, also one that cannot be spliced. Their levels
// are read from them. It returns len(p) and nil always, and flushes nothing.
func (w *Writer) Write(p []byte) (n int, err error) {
	l := w.lines.Get().(*line) //nolint:forcetypeassert // nothing else is put there
	defer w.put(l)
	for rest := p[jsonline.PastBlanks(p, 0):]; len(rest) > 0; rest = rest[jsonline.PastBlanks(rest, 0):] {
		end, ok := l.Scan(rest)
		ok = ok && endsLine(rest[end:])
		if !ok {
			end = len(rest)
			if n := bytes.IndexByte(rest, '\n'); n >= 0 {
				end = n
			}
		}
		if !ok || !w.send(l, l.ownLevel()) {
			w.whole(zerolog.NoLevel, rest[:end])
		}
		rest = rest[end:]
	}
	return len(p), nil
}

// endsLine reports whether what stands before rest may be the end of a line: another may follow at once.
func endsLine(rest []byte) bool {
	rest = bytes.TrimLeft(rest, " \t\r")
	return len(rest) == 0 || rest[0] == '\n' || rest[0] == '{'
}

// Close waits until the client has offered everything to its sink, for 2 seconds at most; its error says that it has not.
// The Writer remains good and the client open.
func (w *Writer) Close() error { return w.flush() }

func (w *Writer) flush() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := w.client.Flush(ctx); err != nil {
		return fmt.Errorf("zerologsource: not sent within %v: %w", patience, err)
	}
	return nil
}

// put keeps a line's memory for the next, unless it is large.
func (w *Writer) put(l *line) {
	if l.Rest() {
		w.lines.Put(l)
	}
}

// send sends a line that was scanned. False means that its bytes are no JSON and nothing was sent.
func (w *Writer) send(l *line, level zerolog.Level) bool {
	var (
		p       = l.pick(level)
		at      time.Time
		payload string
	)
	if p.time != nil {
		at, p.time.Out = stamp(l.Value(p.time))
	}
	if p.message != nil {
		payload, p.message.Out = l.Text(p.message)
	}
	severity := w.severity(level)
	fields := l.Object()
	if p.stack == nil && !urgent(level) {
		return w.client.EmitJSON(context.Background(), at, severity, envelope.TypeLog, payload, fields) == nil
	}
	x := metlog.Line{At: at, Severity: severity, Type: level.String(), Error: payload, Message: payload, Fields: fields}
	if p.err != nil {
		x.Type, x.Error = "error", l.anyText(p.err)
	}
	if p.stack != nil {
		x.Frames = frames(l.Value(p.stack))
	} else {
		x.Stack = callers()
	}
	return w.client.EmitLine(context.Background(), &x) == nil
}

// whole sends what cannot be spliced as it is.
func (w *Writer) whole(level zerolog.Level, p []byte) {
	if len(p) == 0 {
		return
	}
	p = bytes.TrimSuffix(p, []byte("\n"))
	if utf8.Valid(p) {
		w.client.Log(context.Background(), w.severity(level), string(p))
		return
	}
	text := base64.StdEncoding.EncodeToString(p)
	w.client.Log(context.Background(), w.severity(level), text, slog.String("encoding", "base64"))
}
