package sentrysink

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/mozilla-services/metlog-go/sink"
)

// What a hostile server may do to who waits for it, and what it may put into an error.
func TestHostileAnswers(t *testing.T) {
	hold := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
	for _, test := range []struct{ name, answer string }{
		{"another protocol", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"},
		{"one 1xx after the other", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 10_000)},
		{"a status beyond all", "HTTP/1.1 999 \r\nContent-Length: 0\r\n\r\n"},
		{"a long status line", strings.Repeat("x", 60_000) + "\r\n\r\n"},
		{"control characters in a header", "HTTP/1.1 200 OK\r\n\x1b[2J\xff" + strings.Repeat("x", 1000) + "\r\n\r\n"},
		{"control characters in a body", "HTTP/1.1 500 No\r\nContent-Length: 12\r\n\r\n\x1b[2J\xff\u202e\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSink(t, raw(t, func(c net.Conn) {
				_, _ = c.Write([]byte(test.answer))
				hold(c)
			}), &Options{Timeout: 200 * time.Millisecond, Requests: 1})
			err := s.Send(t.Context(), batch(t, 1))
			for _, err := range failures(err, 1) {
				if err == nil || sink.IsPermanent(err) {
					t.Errorf("error %v", err)
				}
				text := fmt.Sprint(err)
				if len(text) > 400 || strings.ContainsAny(text, "\x1b\u202e\n") || !utf8.ValidString(text) {
					t.Errorf("%d bytes: %.500q", len(text), text)
				}
			}
		})
	}
}
