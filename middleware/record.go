package middleware

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
)

// A record stands between a handler and the writer it was to get, and sees what is sent. Those of ended requests are used
// again, as the buffers of net/http's own writers are: what a handler does to its writer after it has returned may hit
// another request's.
type record struct {
	to       http.ResponseWriter
	status   int    // sent or about to be; 0 is none
	written  int64  // bytes of the body that to took
	hijacked bool   // the connection is the handler's
	pattern  string // of the route, from Panics, when the request that has it cannot be seen from outside
	panicked bool   // the handler did, from Panics, which may have answered

	label func(*http.Request) string // of the Timer, for Panics
}

var records = sync.Pool{New: func() any { return new(record) }}

func take(to http.ResponseWriter) *record {
	rec := records.Get().(*record)
	*rec = record{to: to} // whatever a handler did to it after its end
	return rec
}

// release ends the use of rec. A handler with a connection of its own may still hold it.
func (rec *record) release() {
	if rec.hijacked {
		return
	}
	*rec = record{to: ended{}}
	records.Put(rec)
}

// recordOf returns the record that w is, or that it unwraps to, nil if there is none.
func recordOf(w http.ResponseWriter) *record {
	for {
		switch v := w.(type) {
		case interface{ self() *record }:
			return v.self()
		case interface{ Unwrap() http.ResponseWriter }:
			w = v.Unwrap()
		default:
			return nil
		}
	}
}

func (rec *record) self() *record { return rec }

// begin notes that to sends a header unless it has done so.
func (rec *record) begin() {
	if rec.status == 0 {
		rec.status = http.StatusOK
	}
}

func (rec *record) Header() http.Header { return rec.to.Header() }

func (rec *record) WriteHeader(status int) {
	rec.to.WriteHeader(status) // panics at a status that is none
	if rec.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		rec.status = status
	}
}

func (rec *record) Write(p []byte) (int, error) {
	rec.begin()
	n, err := rec.to.Write(p)
	rec.written += int64(n)
	return n, err
}

// WriteString is there whether or not to has it: it promises nothing that Write does not.
func (rec *record) WriteString(s string) (int, error) {
	rec.begin()
	n, err := io.WriteString(rec.to, s)
	rec.written += int64(n)
	return n, err
}

// Unwrap is for [http.ResponseController].
func (rec *record) Unwrap() http.ResponseWriter { return behind{rec} }

// behind sees what an [http.ResponseController] does that finds, behind the writer that rec leads to, one that can do more.
type behind struct{ *record }

func (w behind) Unwrap() http.ResponseWriter { return w.to }

func (w behind) FlushError() error {
	err := http.NewResponseController(w.to).Flush()
	if !errors.Is(err, http.ErrNotSupported) {
		w.begin()
	}
	return err
}

func (w behind) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.to).Hijack()
	w.hijacked = w.hijacked || err == nil
	return conn, rw, err
}

func (rec *record) flush() error {
	rec.begin()
	switch to := rec.to.(type) {
	case interface{ FlushError() error }:
		return to.FlushError()
	case http.Flusher:
		to.Flush()
		return nil
	}
	return http.ErrNotSupported
}

func (rec *record) hijack() (net.Conn, *bufio.ReadWriter, error) {
	to, ok := rec.to.(http.Hijacker)
	if !ok {
		return nil, nil, http.ErrNotSupported
	}
	conn, rw, err := to.Hijack()
	rec.hijacked = rec.hijacked || err == nil
	return conn, rw, err
}

func (rec *record) readFrom(src io.Reader) (int64, error) {
	to, ok := rec.to.(io.ReaderFrom)
	if !ok {
		return 0, http.ErrNotSupported
	}
	before := rec.status
	rec.begin() // also if src panics: nobody knows then
	n, err := to.ReadFrom(src)
	rec.written += n
	if n == 0 {
		rec.status = before // nothing to write is no header, other than in Write
	}
	return n, err
}

func (rec *record) push(target string, o *http.PushOptions) error {
	if to, ok := rec.to.(http.Pusher); ok {
		return to.Push(target, o)
	}
	return http.ErrNotSupported
}

func (rec *record) closeNotify() <-chan bool {
	if to, ok := rec.to.(closeNotifier); ok {
		return to.CloseNotify()
	}
	return nil
}

// An ended writer is what a record leads to that no request uses. It can do nothing, whatever the record could.
type ended struct{}

func (ended) Header() http.Header       { return http.Header{} }
func (ended) WriteHeader(int)           {}
func (ended) Write([]byte) (int, error) { return 0, http.ErrHandlerTimeout }
