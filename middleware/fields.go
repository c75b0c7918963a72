package middleware

import (
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
)

// How a request ended, in the field of that name.
const (
	panicked = "panic"
	gaveUp   = "abort"
	exited   = "exit"
	canceled = "canceled"
)

// ending says how a handler ended that has not returned.
func ending(thrown any) string {
	switch thrown {
	case nil:
		return exited // runtime.Goexit
	case http.ErrAbortHandler: // itself: net/http, too, takes one that is wrapped for a panic
		return gaveUp
	}
	return panicked
}

// method returns the request's method if it is one of RFC 9110 and RFC 5789: a client may send any.
func method(r *http.Request) string {
	switch r.Method {
	case "":
		return http.MethodGet // of a client's request
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return r.Method
	}
	return "OTHER"
}

// A countedBody counts what is read of a body. Reads may go on when the handler has returned.
type countedBody struct {
	io.ReadCloser
	n atomic.Int64
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.n.Add(int64(n))
	return n, err
}

// counted returns r, or a copy with a countedBody when r does not declare its length. The server looks at the Body of its
// own request, which stays as it is.
func counted(r *http.Request) (*http.Request, *countedBody) {
	if r.ContentLength >= 0 || r.Body == nil || r.Body == http.NoBody {
		return r, nil
	}
	body := &countedBody{ReadCloser: r.Body}
	passed := new(http.Request)
	*passed = *r
	passed.Body = body
	return passed, body
}

// bodyBytes returns the length of the body of a request from counted.
func bodyBytes(r *http.Request, body *countedBody) int64 {
	if body != nil {
		return body.n.Load()
	}
	return max(0, r.ContentLength)
}

// giveBack gives r what was written into the copy of it that was passed on: the pattern, for those outside, and the form,
// the files of which the server removes.
func giveBack(r, passed *http.Request) {
	if passed == r {
		return
	}
	r.Pattern = passed.Pattern
	if r.MultipartForm == nil {
		r.MultipartForm = passed.MultipartForm
	}
}

// appendIDs appends the fields that tie a request to others.
func appendIDs(fs []slog.Attr, h http.Header) []slog.Attr {
	if v := h["Traceparent"]; len(v) == 1 && isTraceparent(v[0]) {
		fs = append(fs, slog.String("traceparent", v[0]))
	}
	if v := h["X-Request-Id"]; len(v) == 1 && isRequestID(v[0]) {
		fs = append(fs, slog.String("request_id", v[0]))
	}
	return fs
}

// isTraceparent reports whether s is a traceparent as of W3C Trace Context, 3.2: version, trace, parent and flags. Later
// versions may append to that.
func isTraceparent(s string) bool {
	const size = len("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	if len(s) < size || len(s) > 2*size || s[2] != '-' || s[35] != '-' || s[52] != '-' {
		return false
	}
	version, trace, parent, flags := s[:2], s[3:35], s[36:52], s[53:size]
	if !isHex(version) || version == "ff" || !isHex(trace) || !isHex(parent) || !isHex(flags) {
		return false
	}
	if isZero(trace) || isZero(parent) {
		return false
	}
	return len(s) == size || version != "00" && s[size] == '-' && isRequestID(s[size:])
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func isZero(s string) bool {
	for i := range len(s) {
		if s[i] != '0' {
			return false
		}
	}
	return true
}

// isRequestID reports whether s is short, visible ASCII: RFC 9110's field-vchar, without the blanks.
func isRequestID(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}
