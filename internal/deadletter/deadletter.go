// Package deadletter writes the messages that stand for what could not be delivered or decoded.
package deadletter

import (
	"encoding/base64"
	"errors"
	"log/slog"
	"os"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/mozilla-services/metlog-go/envelope"
)

// MaxFrame is how many bytes of an undecodable frame are kept.
const MaxFrame = 64 << 10

// hostname is whose hands the message was in; it does not change while a program runs.
var hostname = sync.OnceValue(func() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
})

// A Reason is why a message was given up.
type Reason struct {
	Sink        string // the account name of what gave up
	Err         error
	Attempts    int
	First, Last time.Time // of the attempts; not written when there was none
}

// Wrap returns a message of type metlog.deadletter that holds m's JSON and Meta, and the reason.
func Wrap(m *envelope.Message, r Reason) (envelope.Message, error) {
	meta := m.Meta()
	fields := make([]slog.Attr, 0, 8)
	fields = append(fields, slog.String("sink", r.Sink), slog.String("error", errorText(r.Err)), slog.Int("attempts", r.Attempts))
	if r.Attempts > 0 {
		fields = append(fields, slog.Time("first", r.First.UTC()), slog.Time("last", r.Last.UTC()))
	}
	fields = append(fields, slog.Time("received", meta.Received.UTC()), slog.String("origin", meta.Origin), slog.String("id", meta.ID.String()))
	return envelope.Draft{
		Type:     envelope.TypeDeadLetter,
		Severity: envelope.Warning,
		PID:      os.Getpid(),
		Hostname: hostname(),
		Payload:  m.JSON(),
		Fields:   fields,
	}.Seal()
}

// Undecodable returns a message of type metlog.undecodable for a frame, or a part of one, that err was returned for. Its
// offset is that of the [envelope.SyntaxError] within err, 0 without one. When it holds less than all of frame,
// fields.bytes says how much there was.
func Undecodable(frame string, err error, origin string) (envelope.Message, error) {
	offset := 0
	if syntax := (*envelope.SyntaxError)(nil); errors.As(err, &syntax) {
		offset = syntax.Offset
	}
	fields := make([]slog.Attr, 0, 5)
	fields = append(fields, slog.String("error", errorText(err)), slog.Int("offset", offset), slog.String("origin", origin))
	if len(frame) > MaxFrame {
		fields = append(fields, slog.Int("bytes", len(frame)))
		frame = cut(frame, MaxFrame)
	}
	if !utf8.ValidString(frame) {
		frame = base64.StdEncoding.EncodeToString([]byte(frame))
		fields = append(fields, slog.String("encoding", "base64"))
	}
	return envelope.Draft{
		Type:     envelope.TypeUndecodable,
		Severity: envelope.Warning,
		PID:      os.Getpid(),
		Hostname: hostname(),
		Payload:  frame,
		Fields:   fields,
	}.Seal()
}

// maxError bounds the text of an error that goes into a message: an endpoint's answer may be part of it.
const maxError = 4 << 10

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return cut(err.Error(), maxError)
}

// cut returns at most the first n bytes of text, and does not cut a character in two.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for end := n; end > n-utf8.UTFMax; end-- {
		if utf8.RuneStart(text[end]) {
			return text[:end]
		}
	}
	return text[:n]
}
