package middleware

import (
	"log/slog"
	"net/http"

	"github.com/mozilla-services/metlog-go/internal/isnil"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

// Transport returns a [http.RoundTripper] that sends a timer for each request made through base, which is
// [http.DefaultTransport] when it is nil. It ends when the answer's header is there; what is read of the body afterwards is
// not in it. The name is
//
//	http.client.<host>.<class>
//
// The host is that of the URL, with its port if it has one, in at most 256 bytes; beyond 1000 hosts it is other. The class
// is 1xx to 9xx by the status, and error when there was no answer.
//
// The fields are status, method, request_bytes and response_bytes, the lengths of the bodies where they are declared;
// ended, "canceled" where the request's context had ended; traceparent and request_id of the request, as [Timer]'s. Neither
// request nor answer is changed, and nothing of a path, a query or an error is sent.
//
// The names begin as a [Timer]'s do: the rate of http.* holds for outgoing calls as well, unless a line after it has
// another for http.client.*, see [metlog.ParseRates].
//
// A nil client panics, at once.
func Transport(m *metlog.Client, base http.RoundTripper) http.RoundTripper {
	if m == nil {
		panic("middleware: Transport: nil client")
	}
	if isnil.Is(base) {
		base = http.DefaultTransport
	}
	return &transport{base: base, set: newSet(m, "http.client.", "error")}
}

type transport struct {
	base http.RoundTripper
	*set
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.family.Off() {
		return t.base.RoundTrip(r)
	}
	timed := t.family.Start()
	answer, err := t.base.RoundTrip(r)
	c := none
	var fields [7]slog.Attr
	fs := append(fields[:0], slog.String("method", method(r)))
	if r.ContentLength > 0 {
		fs = append(fs, slog.Int64("request_bytes", r.ContentLength))
	}
	switch {
	case err == nil && answer != nil:
		c = classOf(answer.StatusCode)
		fs = append(fs, slog.Int("status", answer.StatusCode))
		if answer.ContentLength >= 0 && r.Method != http.MethodHead {
			fs = append(fs, slog.Int64("response_bytes", answer.ContentLength))
		}
	case r.Context().Err() != nil:
		fs = append(fs, slog.String("ended", canceled))
	}
	host := unmatched
	if r.URL != nil && r.URL.Host != "" {
		host = r.URL.Host
	}
	timed.Stop(t.of(host, c), appendIDs(fs, r.Header)...)
	return answer, err
}

// CloseIdleConnections is for [http.Client.CloseIdleConnections].
func (t *transport) CloseIdleConnections() {
	if base, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}
