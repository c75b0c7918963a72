package metlog

import (
	"cmp"
	"context"
	"path"
	"runtime"
	"strings"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
)

// A Line is an exception as a line of another logger tells of it. It is for bridges.
type Line struct {
	At       time.Time // zero is now, and so is a year that RFC 3339 has not
	Severity envelope.Severity
	Type     string // of the error, or what stands for it; "" is "error"
	Error    string // what the error says
	Message  string // what the line says, in the event and in fields.msg; "" for nothing
	Fields   []byte // one JSON object; nil for an empty one

	Stack []uintptr // as runtime.Callers gives it, innermost first

	// Frames are in place of Stack where the line has them written, innermost first: their Function, File and Line, as far
	// as they are known. No file is read, since the line may be anybody's.
	Frames []runtime.Frame
}

// EmitLine sends an exception that is a line of another logger, as [Client.Exception] does: the event is built, bounded and
// redacted in the same way. [Options.ExceptionsPerSecond] is for the lines of a severity whose innermost frame is the same,
// or which have none, since they have no type in Go. Watched variables and causes are not known.
//
// A [*envelope.SyntaxError] says why fields are none. Then the line is the caller's still and in no account, as with
// [Client.EmitJSON]. Every other outcome is nil. Nothing of l is kept.
func (c *Client) EmitLine(ctx context.Context, l *Line) error {
	switch {
	case !c.admits(l.Severity, origin{l.Severity.Code(), c.catch.limit.placeOf(l)}):
		return nil
	case len(l.Fields) > maxMessage:
		c.lose(whyLarge, envelope.TypeException)
		return nil
	}
	s := c.catch.spare.Get().(*scratch) //nolint:forcetypeassert // nothing else is put there
	defer c.catch.spare.Put(s)
	hide := c.catch.hide
	e := &exception{
		line: l, severity: l.Severity, stack: limitStack(l.Stack), text: hide.Text(l.Message),
		links: []link{{name: cmp.Or(l.Type, "error"), said: hide.Text(l.Error)}},
	}
	d := c.draft()
	if l.Fields != nil {
		b, err := d.encoder.AppendJSON(d.memory[:0], &d.message, time.Time{}, l.Severity, "", "", l.Fields)
		if err != nil {
			c.rest(d)
			return err
		}
		d.memory = b
		if d.encoder.Replaced() {
			e.flaw = replaced
		}
		c.attach(e, d, s)
	}
	at := l.At
	if year := at.UTC().Year(); at.IsZero() || year < 0 || year > 9999 {
		at = time.Now()
	}
	c.post(ctx, at, e, d, s)
	return nil
}

// written returns frames as they are shown. What is known of a file is mostly its last name.
func written(frames []runtime.Frame) []*frame {
	frames = frames[:min(len(frames), maxFrames)]
	list := make([]*frame, len(frames))
	for i, f := range frames {
		short := path.Base(f.File)
		if f.File == "" {
			short = ""
		}
		inApp := short != "proc.go" && !strings.HasSuffix(short, ".s") // the runtime's, below main
		text := appendFrame(nil, f.Function, "", short, f.File, f.Line, inApp)
		list[i] = &frame{symbol: f.Function, bare: len(text), text: text}
	}
	return list
}
