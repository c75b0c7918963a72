package sentrysink

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mozilla-services/metlog-go/internal/secret"
	"github.com/mozilla-services/metlog-go/sink"
)

// An AnswerError is a server's refusal of an event.
type AnswerError struct {
	Server string // the URL of the project, without its keys
	Status int    // HTTP's
	Text   string // the beginning of what it said
}

func (e *AnswerError) Error() string {
	text := fmt.Sprintf("sentrysink: %s: %d %s", e.Server, e.Status, http.StatusText(e.Status))
	if e.Text != "" {
		text += ": " + e.Text
	}
	return text
}

const (
	usualWait  = time.Minute // what Sentry's protocol says of a 429 that does not say how long
	longestOne = time.Hour   // however long a server says
	maxText    = 200         // bytes of what it said
)

// refusal returns the error that an answer is, nil if it is a receipt.
func (t *target) refusal(status int, header http.Header, body []byte, now time.Time) error {
	if status >= 200 && status < 300 {
		return nil
	}
	err := &AnswerError{Server: t.name, Status: status, Text: t.quote(string(body))}
	switch {
	case status == http.StatusTooManyRequests:
		return sink.RetryAfter(err, limitOf(status, header, now))
	case status == http.StatusServiceUnavailable:
		if wait := retryAfter(header, now); wait > 0 {
			return sink.RetryAfter(err, wait)
		}
		return err
	case misconfigured(status):
		if t.chosen {
			return sink.Permanent(err)
		}
		return sink.RetryAfter(err, usualWait)
	case status >= 400 && status < 500 && status != http.StatusRequestTimeout && status != http.StatusTooEarly:
		return sink.Permanent(err)
	}
	return err
}

// misconfigured reports whether a status says that the DSN is wrong, which is no fault of the event: a redirect, which is
// not followed, a key or a project that there is not.
func misconfigured(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusProxyAuthRequired:
		return true
	}
	return status >= 300 && status < 400
}

// isDown reports whether an error, of one event, is true of others to the same server.
func isDown(err error) bool {
	var answer *AnswerError
	if !errors.As(err, &answer) {
		return true // there was none
	}
	switch answer.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return misconfigured(answer.Status)
}

// quote returns the beginning of what a server said as it may stand in an error: printable, and without the target's keys.
func (t *target) quote(said string) string {
	text := strings.Map(func(c rune) rune {
		if !strconv.IsPrint(c) {
			return ' '
		}
		return c
	}, t.hideKeys(strings.ToValidUTF8(said, "?")))
	return truncate(strings.TrimSpace(text), maxText)
}

func (t *target) hideKeys(text string) string {
	for _, key := range t.keys {
		text = strings.ReplaceAll(text, key, secret.Hidden)
	}
	return text
}

// limitOf returns for how long an answer says that no events are wanted, 0 if it does not. Servers say so in receipts, too.
func limitOf(status int, header http.Header, now time.Time) time.Duration {
	switch {
	case status == http.StatusTooManyRequests:
		return cmp.Or(rateLimit(header), retryAfter(header, now), usualWait)
	case status < 300:
		return rateLimit(header)
	}
	return 0
}

// rateLimit returns the longest limit of X-Sentry-Rate-Limits on errors, or on all categories.
func rateLimit(header http.Header) (longest time.Duration) {
	for _, line := range header.Values("X-Sentry-Rate-Limits") {
		for limit := range strings.SplitSeq(line, ",") {
			parts := strings.Split(strings.TrimSpace(limit), ":")
			if len(parts) == 1 || onErrors(parts[1]) {
				longest = max(longest, seconds(parts[0]))
			}
		}
	}
	return longest
}

// onErrors reports whether a list of categories has that of events, or is empty and so means all.
func onErrors(categories string) bool {
	if categories == "" {
		return true
	}
	for category := range strings.SplitSeq(categories, ";") {
		if category == "error" || category == "default" {
			return true
		}
	}
	return false
}

func retryAfter(header http.Header, now time.Time) time.Duration {
	text := header.Get("Retry-After")
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now), 0), longestOne)
	}
	return seconds(text)
}

func seconds(text string) time.Duration {
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(n > 0) {
		return 0
	}
	return time.Duration(min(n, longestOne.Seconds()) * float64(time.Second))
}
