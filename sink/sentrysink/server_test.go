package sentrysink

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
)

const redacted = "[redacted]"

const testKey, testSecret = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"

// A server takes envelopes as Sentry does, or answers as it is told.
type server struct {
	*httptest.Server
	t testing.TB

	mu      sync.Mutex
	events  []string // as they came
	paths   []string
	auths   []string
	peers   map[string]bool // addresses of connections
	bad     []string        // what was wrong with a request
	answer  func(w http.ResponseWriter, event string)
	stalled chan struct{}
}

func listen(t testing.TB) *server {
	s := &server{t: t, peers: make(map[string]bool)}
	s.Server = httptest.NewServer(s)
	t.Cleanup(func() {
		s.stall(false)
		s.CloseClientConnections()
		s.Close()
		for _, bad := range s.bad {
			t.Errorf("the server got what Sentry does not take: %s", bad)
		}
	})
	return s
}

func (s *server) dsn(project string) string {
	return strings.Replace(s.URL, "://", "://"+testKey+":"+testSecret+"@", 1) + "/" + project
}

func (s *server) stall(stalled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stalled != nil {
		close(s.stalled)
		s.stalled = nil
	}
	if stalled {
		s.stalled = make(chan struct{})
	}
}

// answers makes the server answer with f, nil: as Sentry does.
func (s *server) answers(f func(w http.ResponseWriter, event string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = f
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	stalled, answer := s.stalled, s.answer
	s.peers[r.RemoteAddr] = true
	s.mu.Unlock()
	event, bad := readEnvelope(r)
	if stalled != nil {
		select {
		case <-stalled:
		case <-r.Context().Done():
		}
		if r.Context().Err() != nil {
			return
		}
	}
	if answer != nil {
		answer(w, event)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if bad != "" {
		s.bad = append(s.bad, bad)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.events = append(s.events, event)
	s.paths = append(s.paths, r.URL.Path)
	s.auths = append(s.auths, r.Header.Get("X-Sentry-Auth"))
	w.Header().Set("X-Sentry-Rate-Limits", "86400:transaction;span:organization")
	_, _ = io.WriteString(w, `{"id":"0"}`)
}

// readEnvelope returns the event of a request, or what is wrong with it.
func readEnvelope(r *http.Request) (event, bad string) {
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		return "", "no gzip"
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return "", err.Error()
	}
	lines := strings.SplitN(string(text), "\n", 4)
	var header, body struct {
		ID string `json:"event_id"`
	}
	var item struct {
		Type   string
		Length int
	}
	switch {
	case r.Method != http.MethodPost || len(lines) != 4 || lines[3] != "":
		return "", "not one POST of one item"
	case json.Unmarshal([]byte(lines[0]), &header) != nil, json.Unmarshal([]byte(lines[1]), &item) != nil, json.Unmarshal([]byte(lines[2]), &body) != nil:
		return "", "not three lines of JSON"
	case item.Type != "event" || item.Length != len(lines[2]):
		return "", "another item than announced"
	case header.ID == "" || header.ID != body.ID:
		return "", "ids " + header.ID + " and " + body.ID
	}
	return lines[2], ""
}

func (s *server) received() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.events...)
}

func newSink(t testing.TB, dsn string, o *Options) *Sink {
	t.Helper()
	s, err := New(dsn, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func seal(t testing.TB, d envelope.Draft) envelope.Message {
	t.Helper()
	m, err := d.Seal()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// exception returns a message whose payload is an event.
func exception(t testing.TB, payload string) envelope.Message {
	return seal(t, envelope.Draft{Type: envelope.TypeException, Logger: "shop", Severity: envelope.Error, Payload: payload})
}

// written returns what a message becomes.
func written(t testing.TB, s *Sink, m *envelope.Message) string {
	t.Helper()
	e, err := s.event(m, new(scratch))
	if err != nil {
		t.Fatal(err)
	}
	text, err := e.append(nil, s.options.MaxEvent)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// reached reports whether a request has come.
func (s *server) reached() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.peers) > 0
}
