package metlog

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/secret"
)

// Exception sends an error, at severity Error: a message of type sentry whose payload is one event as Sentry reads it. A
// nil error sends nothing and is counted as Dropped "nil"; a typed one is sent.
//
// The event has the stack of the calling goroutine, with lines of the source where its files can be read and with the
// variables of [Watch] and [Var] that ctx has; the error's causes, as Unwrap and errors.Join give them and at most 32,
// each with the stack it carries in the manner of pkg/errors, if any; and an event_id of its own. Attributes are the
// message's fields and the event's context "metlog", but for a group named request, which is the event's request, and a
// text named transaction, which is its transaction; fields.msg is the error's text. Secrets are hidden in all of it, see
// [Options].Redact. The payload has at most 256 KiB, the
// fields of an exception 64 KiB: variables are left out first, then frames, then attributes.
//
// Of the error, its Error, Unwrap, StackTrace and Callers methods are called, and waited for; one that panics costs only
// its own part. Of watched values no method is called. A source file is read when a place in it is met first.
//
// Errors of one type, caught in one place, are limited, see [Options].
func (c *Client) Exception(ctx context.Context, err error, attrs ...slog.Attr) {
	if err == nil {
		c.lose(whyNil, envelope.TypeException)
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
		c.lose(whyNil, envelope.TypeException)
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
	links    []link // the error and its causes
	line     *Line  // it was read from; nil for none
	severity envelope.Severity
	panics   bool
	stack    []uintptr // innermost first
	vars     []watched
	text     string            // of the message
	fields   *envelope.Message // whose fields are the attributes; nil for none
	cut      string            // what stands for attributes that are too many
	flaw     flaw
}

// A catcher is the part of a client that knows about exceptions.
type catcher struct {
	hide   secret.Names
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
	k.hide = secret.With(o.Redact)
	k.limit.open(o.ExceptionsPerSecond)
	k.spare.New = func() any { return new(scratch) }
}

// throw sends an exception. Its caller's caller is where the stack begins.
func (c *Client) throw(ctx context.Context, e *exception, attrs []slog.Attr) {
	e.severity = envelope.Error
	if !c.admits(e.severity, origin{kind(e.links), c.catch.places.origin(e.panics)}) {
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
		e.flaw = c.encode(d, attrs).hidden(c.catch.hide)
		c.attach(e, d, s)
	}
	e.ask(c.catch.hide)
	c.post(ctx, time.Now(), e, d, s)
}

// admits asks the filters and the limit of an origin.
func (c *Client) admits(severity envelope.Severity, from origin) bool {
	switch {
	case !c.passes(envelope.TypeException, severity):
		c.drop(whyFiltered)
	case !c.catch.limit.allows(from, c.clock.mono()):
		c.lose(whyLimited, envelope.TypeException)
	default:
		return true
	}
	return false
}

// attach makes the fields of d's message those of e, redacted.
func (c *Client) attach(e *exception, d *draft, s *scratch) {
	given := attributes(&d.message)
	if len(given) > maxAttributes {
		e.cutFields(len(given))
		return
	}
	s.fields = appendSafe(s.fields[:0], given, c.catch.hide)
	if len(s.fields) > maxAttributes { // what stands for secrets may be longer than they are
		e.cutFields(len(s.fields))
		return
	}
	if string(s.fields) != given {
		d.memory, _ = d.encoder.AppendJSON(d.memory[:0], &d.message, time.Time{}, e.severity, "", "", s.fields) // well-formed
	}
	e.fields = &d.message
}

// cutFields leaves the attributes out, which have n bytes.
func (e *exception) cutFields(n int) {
	e.cut = fmt.Sprintf(markError+"%d bytes, more than 64 KiB", n)
	e.flaw = e.flaw.or(flaw{"field", "attributes", e.cut})
}

// post sends e, whose fields may be d's, which it gives back.
func (c *Client) post(ctx context.Context, at time.Time, e *exception, d *draft, s *scratch) {
	if !e.isText() {
		e.flaw = e.flaw.or(replaced)
	}
	s.event = c.appendEvent(s.event[:0], at, e)
	s.fields = appendFields(s.fields[:0], e)
	payload := string(s.event)
	c.rest(d)
	if e.flaw.text != "" {
		c.damage(envelope.TypeException, e.flaw)
	}
	_ = c.writeJSON(ctx, at, e.severity, envelope.TypeException, payload, s.fields) // fields are well-formed
}

// isText reports whether e's texts are UTF-8.
func (e *exception) isText() bool {
	ok := utf8.ValidString(e.text)
	for i := range e.links {
		ok = ok && utf8.ValidString(e.links[i].said)
	}
	return ok
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
func (e *exception) ask(hide secret.Names) {
	for i := range e.links {
		l := &e.links[i]
		if l.source == sameError {
			l.said = e.links[0].said
			continue
		}
		var panicked bool
		l.said, panicked = l.text(hide)
		if panicked {
			e.flaw = e.flaw.or(flaw{"error", l.typ().String(), l.said})
		}
	}
	e.text = e.links[0].said
}

// appendFields appends the fields of e's message.
func appendFields(b []byte, e *exception) []byte {
	b = append(b, '{')
	given := attributes(e.fields)
	if (e.text != "" || e.line == nil) && (given == "" || !has(e.fields, "msg")) {
		b = append(b, `"msg":`...)
		b = appendText(b, e.text, maxCause)
		if given != "" || e.cut != "" {
			b = append(b, ',')
		}
	}
	if given != "" {
		return append(b, given[1:]...)
	}
	if e.cut != "" {
		b = append(b, `"attributes":`...)
		b = appendText(b, e.cut, maxText)
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
