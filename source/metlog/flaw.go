package metlog

import (
	"fmt"
	"strings"

	"github.com/mozilla-services/metlog-go/internal/jsontext"
	"github.com/mozilla-services/metlog-go/internal/secret"
)

// A flaw is the first thing in a message that could not be written as it is. The zero flaw is none.
type flaw struct {
	what string // "field", or all there is to say
	name string // "" for none
	text string // what stands there
}

// or returns f, or g if f is none.
func (f flaw) or(g flaw) flaw {
	if f.text != "" {
		return f
	}
	return g
}

// hidden returns f without secrets.
func (f flaw) hidden(hide secret.Names) flaw {
	if hide.Hides(f.name) {
		f.text = secret.Hidden
	}
	f.text = hide.Text(f.text)
	return f
}

func (f flaw) String() string {
	if f.name == "" {
		return f.what
	}
	text := fmt.Sprintf("%s %.100q is %.200q", f.what, f.name, f.text)
	if strings.HasPrefix(f.text, markMap) {
		text += ", see Options.Maps"
	}
	return text
}

// replaced is the flaw that an Encoder reports.
//
//nolint:gochecknoglobals // a constant
var replaced = flaw{what: "text that is not UTF-8, or a float64 that is no number, was replaced", text: "\uFFFD"}

const (
	markError = "!ERROR: "
	markPanic = "!PANIC: "
	markMap   = "!MAP: "
)

// marks are what begins a text that the envelope writes for a value.
var marks = [...]string{markError, markPanic}

// flawIn returns the first value of fields that the envelope has written a mark for.
func flawIn(fields string) flaw {
	at := len(fields)
	for _, mark := range marks {
		if i := strings.Index(fields, `":"`+mark); i >= 0 {
			at = min(at, i)
		}
	}
	if at == len(fields) {
		return flaw{}
	}
	start := strings.LastIndexByte(fields[:at], '"') // one that is escaped shortens the name
	value := at + len(`":`)
	return flaw{"field", fields[start+1 : at], jsontext.Unquote(fields[value:jsontext.StringEnd(fields, value)])}
}

// inspect counts the draft's message if t, or encoding/json, could not write something in it, or its encoder has replaced
// it.
func (c *Client) inspect(t *tamer, typ string, d *draft) {
	if f := d.flaw(t); f.text != "" {
		c.damage(typ, f)
	}
}

func (d *draft) flaw(t *tamer) flaw {
	f := t.lost(&d.message)
	if d.encoder.Replaced() {
		f = f.or(replaced)
	}
	return f
}

// damage counts a message with a flaw.
func (c *Client) damage(typ string, f flaw) {
	c.damaged.Add(1)
	if c.options.OnError != nil {
		c.report.tell(fmt.Errorf("metlog: in a message of type %.100q, %v", typ, f))
	}
}

// Damaged returns the number of messages in which a text that begins with "!ERROR: ", "!PANIC: " or "!MAP: " stands for a
// value that could not be written, or for what an error has to say. A text that happens to begin so is not counted, but for
// one inside a value that encoding/json writes. Messages are counted too in which U+FFFD stands for what is not UTF-8, or
// null for a float64 that is NaN or infinite, but for such text inside a value that encoding/json writes, and security
// events that could not be written as they were.
func (c *Client) Damaged() uint64 { return c.damaged.Load() }
