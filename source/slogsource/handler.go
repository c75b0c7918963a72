package slogsource

import (
	"bytes"
	"context"
	"log/slog"
	"sync"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/isnil"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

// Options are what may be chosen about a [Handler]. The zero value is all defaults.
type Options struct {
	// Level is the least level that is sent. The default, also of a pointer that is nil, is slog.LevelInfo.
	Level slog.Leveler

	// AddSource sends where the call was: a field "source" with function, file and line, as slog's own handlers write it.
	AddSource bool
}

// A Handler is a slog.Handler that sends each record through a client. Its methods may be called concurrently, also after
// the client's Shutdown.
type Handler struct {
	*output
	head  []byte   // the object so far, without its end: {"a":1,"g":{"b":2
	open  int      // objects that head leaves open
	start int      // in head, of the innermost object's first member
	names []string // of that object's members

	groups  int    // opened since, without attributes yet
	group   string // the first of them
	opening string // all of them: "g":{"h":{
}

// An output is what all handlers of one New share.
type output struct {
	client    *metlog.Client
	level     slog.Leveler
	addSource bool
	drafts    sync.Pool // of *draft
}

// New returns a Handler that sends through m, which it never shuts down. It panics when m is nil.
func New(m *metlog.Client, o *Options) *Handler {
	if m == nil {
		panic("slogsource: nil client")
	}
	out := &output{client: m, level: slog.LevelInfo}
	if o != nil {
		out.addSource = o.AddSource
		if !isnil.Is(o.Level) {
			out.level = o.Level
		}
	}
	out.drafts.New = func() any { return &draft{client: m} }
	return &Handler{output: out, head: []byte{'{'}, start: 1, open: 1}
}

// Enabled reports whether level is at least that of the options.
func (h *Handler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level.Level() }

// Handle sends a record. It returns nil. ctx carries values only: that it has ended stops no record.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	d := h.drafts.Get().(*draft) //nolint:forcetypeassert // nothing else is put there
	d.attrs = d.attrs[:0]
	r.Attrs(func(a slog.Attr) bool {
		d.attrs = append(d.attrs, a)
		return true
	})
	fields := h.fields(d, &r)
	severity := severityOf(r.Level)
	if err := h.client.EmitJSON(ctx, r.Time, severity, envelope.TypeLog, r.Message, fields); err != nil {
		fields = h.client.AppendFields(nil, slog.Any("attributes", failed{err}))
		_ = h.client.EmitJSON(ctx, r.Time, severity, envelope.TypeLog, r.Message, fields) // these are JSON
	}
	h.put(d)
	return nil
}

// A failed value cannot be written, and the client counts it as such.
type failed struct{ why error }

// MarshalJSON implements json.Marshaler.
func (f failed) MarshalJSON() ([]byte, error) { return nil, f.why }

// WithAttrs returns a handler whose records all have attrs too, in the group that is open.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	d := h.drafts.Get().(*draft) //nolint:forcetypeassert // nothing else is put there
	defer h.put(d)
	d.attrs = append(d.attrs[:0], attrs...)
	if members := d.encode(); len(members) > 0 {
		return h.with(d, members)
	}
	return h
}

// WithGroup returns a handler whose later attributes, and those of its records, are in an object with a name. An empty name
// opens none.
func (h *Handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	d := h.drafts.Get().(*draft) //nolint:forcetypeassert // nothing else is put there
	defer h.put(d)
	d.attrs = append(d.attrs[:0], slog.Int(name, 0))
	member := d.encode()
	next := *h
	if next.groups++; next.groups == 1 {
		next.group = d.namesOf(member)[0]
	}
	next.opening = h.opening + string(bytes.TrimSuffix(member, []byte("0"))) + "{"
	return &next
}

func severityOf(level slog.Level) envelope.Severity {
	switch {
	case level < slog.LevelInfo:
		return envelope.Debug
	case level < slog.LevelInfo+2:
		return envelope.Info
	case level < slog.LevelWarn:
		return envelope.Notice
	case level < slog.LevelError:
		return envelope.Warning
	case level < slog.LevelError+4:
		return envelope.Error
	}
	return envelope.Critical
}
