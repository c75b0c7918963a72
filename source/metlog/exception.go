package metlog

import (
	"context"
	"encoding/json"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
)

// Exception sends an error, at severity Error: a message of type sentry whose payload is one event as Sentry reads it. A
// nil error sends nothing and is counted as Dropped "nil"; a typed one is sent.
//
// The event has the stack of the calling goroutine, with lines of the source where its files can be read and with the
// variables of [Watch] and [Var] that ctx has; the error's causes, as Unwrap and errors.Join give them and at most 32,
// each with the stack it carries in the manner of pkg/errors, if any; and an event_id of its own. Attributes are the
// message's fields and the event's context "metlog", but for a group named request, which is the event's request, and a
// text named transaction, which is its transaction; fields.msg is the error's text. The payload has at most 256 KiB, the
// fields of an exception 64 KiB: variables are left out first, then frames, then attributes.
//
// Of the error, its Error, Unwrap, StackTrace and Callers methods are called, and waited for; one that panics costs only
// its own part. Of watched values no method is called. A source file is read when a place in it is met first.
//
// Errors of one type are limited, see [Options].
func (c *Client) Exception(ctx context.Context, err error, attrs ...slog.Attr) {
	if err == nil {
		c.drop(whyNil)
		return
	}
	c.throw(ctx, &exception{links: linksOf(err)}, attrs)
}

// Panic is [Client.Exception] of what a deferred function has recovered, with the stack of the panic: it is called in that
// function, or in one called by it. It does not recover itself. Nil sends nothing and is
// counted as Dropped "nil".
//
//	defer func() {
//		if thrown := recover(); thrown != nil {
//			m.Panic(ctx, thrown)
//		}
//	}()
//
// What is no error is shown as watched values are.
func (c *Client) Panic(ctx context.Context, recovered any, attrs ...slog.Attr) {
	if recovered == nil {
		c.drop(whyNil)
		return
	}
	e := &exception{panics: true}
	if err, ok := recovered.(error); ok {
		e.links = linksOf(err)
	} else {
		e.links = []link{{value: recovered}}
	}
	c.throw(ctx, e, attrs)
}

// An exception is what an event tells of.
type exception struct {
	links  []link // the error and its causes
	panics bool
	stack  []uintptr // innermost first
	vars   []watched
	fields *envelope.Message // whose fields are the attributes; nil for none
	cut    int               // bytes of attributes that are too many
}

// A catcher is the part of a client that knows about exceptions.
type catcher struct {
	hide   redactor
	limit  limiter
	places places
	spare  sync.Pool // of *scratch
}

// scratch is memory for one event.
type scratch struct {
	stack  [maxDepth]uintptr
	event  []byte
	fields []byte
}

func (k *catcher) open(o *Options) {
	k.hide = newRedactor(o.Redact)
	k.limit.perSecond = o.ExceptionsPerSecond
	k.spare.New = func() any { return new(scratch) }
}

// throw sends an exception. Its caller's caller is where the stack begins.
func (c *Client) throw(ctx context.Context, e *exception, attrs []slog.Attr) {
	switch {
	case !c.passes(envelope.TypeException, envelope.Error):
		c.drop(whyFiltered)
		return
	case !c.catch.limit.allows(kind(e.links), c.clock.mono()):
		c.drop(whyLimited)
		return
	}
	ctx = orBackground(ctx)
	s := c.catch.spare.Get().(*scratch) //nolint:forcetypeassert // nothing else is put there
	defer c.catch.spare.Put(s)
	e.stack = callers(s.stack[:], 3)
	if e.panics {
		e.stack = c.catch.places.panicked(e.stack)
	}
	e.vars = holderOf(ctx).all()
	d := c.draft()
	if len(attrs) > 0 {
		c.encode(d, envelope.TypeException, attrs)
		if e.fields = &d.message; len(attributes(e.fields)) > maxAttributes {
			c.damaged.Add(1)
			e.fields, e.cut = nil, len(attributes(e.fields))
		}
		c.hideRequest(e, s)
	}
	e.ask()
	at := time.Now()
	s.event = c.appendEvent(s.event[:0], at, e)
	s.fields = appendFields(s.fields[:0], e)
	payload := string(s.event)
	c.rest(d)
	_ = c.writeJSON(ctx, at, envelope.Error, envelope.TypeException, payload, s.fields) // fields are well-formed
}

// hideRequest redacts the request among e's attributes, as it is in the event.
func (c *Client) hideRequest(e *exception, s *scratch) {
	request, ok := requestOf(e.fields)
	if !ok {
		return
	}
	s.fields = appendSafe(s.fields[:0], request, c.catch.hide)
	if string(s.fields) == request {
		return
	}
	if hidden, err := e.fields.With(slog.Any("request", json.RawMessage(s.fields))); err == nil {
		e.fields = &hidden
	}
}

// requestOf returns the group named request among the fields of m.
func requestOf(m *envelope.Message) (object string, ok bool) {
	if m == nil {
		return "", false
	}
	v, ok := m.Field("request")
	return v.JSON(), ok && v.Kind() == envelope.Object
}

// ask has each error say what it is.
func (e *exception) ask() {
	for i := range e.links {
		if l := &e.links[i]; l.source == sameError {
			l.said = e.links[0].said
		} else {
			l.said = l.text()
		}
	}
}

// appendFields appends the fields of e's message.
func appendFields(b []byte, e *exception) []byte {
	b = append(b, '{')
	given := attributes(e.fields)
	if given == "" || !has(e.fields, "msg") {
		b = append(b, `"msg":`...)
		b = appendText(b, e.links[0].said, maxCause)
		if given != "" {
			b = append(b, ',')
		}
	}
	if given != "" {
		return append(b, given[1:]...)
	}
	if e.cut > 0 {
		b = append(b, `,"attributes":"!ERROR: `...)
		b = strconv.AppendInt(b, int64(e.cut), 10)
		b = append(b, ` bytes"`...)
	}
	return append(b, '}')
}

// attributes returns the object of a message's fields, "" if there is nothing in it.
func attributes(m *envelope.Message) string {
	if m == nil {
		return ""
	}
	v, _ := m.Field()
	if text := v.JSON(); len(text) > len("{}") {
		return text
	}
	return ""
}

func has(m *envelope.Message, name string) bool {
	_, ok := m.Field(name)
	return ok
}
