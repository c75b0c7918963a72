package zerologsource

import (
	"bytes"
	"context"
	"encoding/base64"
	"log/slog"
	"runtime/debug"
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
	// Severity maps levels. It is called concurrently. The default is that of the package's comment.
	Severity func(zerolog.Level) envelope.Severity
}

// A Writer is a zerolog.LevelWriter and an io.Closer that sends each line through a client. Its methods may be called
// concurrently, also after the client's Shutdown, and keep nothing of what they are given.
type Writer struct {
	client   *metlog.Client
	severity func(zerolog.Level) envelope.Severity
	module   string    // the program's
	lines    sync.Pool // of *line
}

// New returns a Writer that sends through m, which it never shuts down. It panics when m is nil.
func New(m *metlog.Client, o *Options) *Writer {
	if m == nil {
		panic("zerologsource: nil client")
	}
	w := &Writer{client: m, severity: severityOf}
	if info, ok := debug.ReadBuildInfo(); ok {
		w.module = info.Main.Path
	}
	if o != nil && o.Severity != nil {
		w.severity = o.Severity
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

// Write sends p, which is one line or several. Their levels are read from them. It returns len(p) and nil
// always, and flushes nothing.
func (w *Writer) Write(p []byte) (n int, err error) {
	l := w.lines.Get().(*line) //nolint:forcetypeassert // nothing else is put there
	defer w.put(l)
	rest := p[jsonline.PastBlanks(p, 0):]
	for len(rest) > 0 {
		end, ok := l.Scan(rest)
		if !ok || !w.send(l, l.ownLevel()) {
			w.whole(zerolog.NoLevel, rest)
			break
		}
		rest = rest[jsonline.PastBlanks(rest, end):]
	}
	return len(p), nil
}

// Close waits until the client has offered everything to its sink, for 2 seconds at most; its error says that it has not.
// The Writer remains good and the client open.
func (w *Writer) Close() error { return w.flush() }

func (w *Writer) flush() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return w.client.Flush(ctx)
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
		typ     = envelope.TypeLog
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
	if p.stack != nil || urgent(level) {
		typ = envelope.TypeException
		if at.IsZero() {
			at = time.Now()
		}
		fields = l.withText(fields, payload)
		payload = w.event(l, p, level, severity, at, payload)
	}
	return w.client.EmitJSON(context.Background(), at, severity, typ, payload, fields) == nil
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
