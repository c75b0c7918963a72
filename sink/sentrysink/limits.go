package sentrysink

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/mozilla-services/metlog-go/sink"
)

var errLimited = errors.New("the server wants no events yet")

const maxLimits = 1024 // targets that are remembered: messages may choose any number

// limits are the times until when servers want no events.
type limits struct {
	mu    sync.Mutex
	until map[string]time.Time // by the id of the target
}

// note remembers that a server wants no events for so long.
func (l *limits) note(to *target, wait time.Duration, now time.Time) {
	if wait <= 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.until == nil {
		l.until = make(map[string]time.Time)
	}
	if len(l.until) >= maxLimits {
		for name, until := range l.until {
			if until.Before(now) {
				delete(l.until, name)
			}
		}
	}
	if len(l.until) < maxLimits || !to.chosen {
		l.until[to.id] = now.Add(wait)
	}
}

// check returns an error while the server wants no events.
func (l *limits) check(to *target) error {
	l.mu.Lock()
	until, ok := l.until[to.id]
	l.mu.Unlock()
	if !ok {
		return nil
	}
	if left := time.Until(until); left > 0 {
		return sink.RetryAfter(&AnswerError{Server: to.name, Status: http.StatusTooManyRequests, Text: errLimited.Error()}, left)
	}
	return nil
}
