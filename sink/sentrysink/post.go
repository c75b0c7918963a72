package sentrysink

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/mozilla-services/metlog-go/sink"
)

// newClient returns a client that sends where it is told to: it follows no redirect and asks no proxy.
func newClient(o *Options) *http.Client {
	var trust *tls.Config
	if o.TLS != nil {
		trust = o.TLS.Clone()
	}
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            (&net.Dialer{Timeout: o.Timeout}).DialContext, // which goes on when its request has ended
			TLSClientConfig:        trust,
			TLSHandshakeTimeout:    o.Timeout,
			ForceAttemptHTTP2:      true,
			DisableCompression:     true,
			MaxIdleConnsPerHost:    o.Requests,
			MaxConnsPerHost:        o.Requests,
			IdleConnTimeout:        time.Minute,
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// appendEnvelope appends an event as the one item of an envelope, https://develop.sentry.dev/sdk/data-model/envelopes/.
func appendEnvelope(b []byte, id string, event []byte) []byte {
	b = append(b, `{"event_id":"`...)
	b = append(b, id...)
	b = append(b, "\"}\n{\"type\":\"event\",\"length\":"...)
	b = strconv.AppendInt(b, int64(len(event)), 10)
	b = append(b, "}\n"...)
	b = append(b, event...)
	return append(b, '\n')
}

// compressors are gzip writers that are not in use.
type compressors struct{ pool sync.Pool }

// compress returns p, gzipped, in memory of its own: net/http may still read a body when its request has failed.
func (c *compressors) compress(p []byte) []byte {
	var b bytes.Buffer
	z, ok := c.pool.Get().(*gzip.Writer)
	if !ok {
		z, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed)
	}
	defer c.pool.Put(z)
	z.Reset(&b)
	_, _ = z.Write(p) // memory takes all
	_ = z.Close()
	return b.Bytes()
}

// post sends one envelope and returns nil when the server has taken it.
func (s *Sink) post(ctx context.Context, to *target, envelope []byte) error {
	start := time.Now()
	within, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(within, http.MethodPost, to.url, bytes.NewReader(s.compressors.compress(envelope)))
	if err != nil {
		return sink.Permanent(&DSNError{to.name, "no request can be made for it"})
	}
	request.Header = http.Header{
		"Content-Type":      {"application/x-sentry-envelope"},
		"Content-Encoding":  {"gzip"},
		"User-Agent":        {"metlog-go"},
		"X-Sentry-Auth":     {to.auth},
		"X-Idempotency-Key": nil, // not sent: it lets a request be sent again that met a connection being closed
	}
	reply, err := s.client.Do(request)
	if err != nil {
		return s.unanswered(ctx, to, start, err)
	}
	defer func() { _ = reply.Body.Close() }()
	var body []byte
	if reply.StatusCode != http.StatusSwitchingProtocols { // whose body is the connection, without any deadline
		body, _ = io.ReadAll(io.LimitReader(reply.Body, maxAnswer))
	}
	now := time.Now()
	s.limits.note(to, limitOf(reply.StatusCode, reply.Header, now), now)
	return to.refusal(reply.StatusCode, reply.Header, body, now)
}

const maxAnswer = 64 << 10 // bytes of an answer that are read

// A lateError says for how long there was no answer.
type lateError time.Duration

func (e lateError) Error() string { return "no answer within " + time.Duration(e).String() }
func (e lateError) Unwrap() error { return context.DeadlineExceeded }

// unanswered returns the error for a request without an answer, less what net/http says of the URL. It may quote garbage.
func (s *Sink) unanswered(ctx context.Context, to *target, start time.Time, err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	switch text := to.quote(err.Error()); {
	case s.life.Err() != nil:
		return sink.ErrClosed
	case ctx.Err() != nil:
		err = fmt.Errorf("no answer after %v: %w", time.Since(start).Round(time.Millisecond), ctx.Err())
	case errors.Is(err, context.DeadlineExceeded):
		err = lateError(s.options.Timeout)
	case text != err.Error():
		err = errors.New(text)
	}
	return fmt.Errorf("sentrysink: %s: %w", to.name, err)
}
