package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/cefsink"
	"github.com/mozilla-services/metlog-go/sink/sentrysink"
)

// slowEndpointSection: what a router holds when the server behind a bounded queue takes an event a second.
func slowEndpointSection(l *lab) error {
	syslogAddr, stop, err := slowSyslog()
	if err != nil {
		return err
	}
	defer stop()
	server := slowSentry()
	defer server.Close()
	defer server.CloseClientConnections()
	const frames = 1_000_000
	for _, s := range []struct {
		kind, addr, name string
		messages         []envelope.Message
	}{
		{"cef", syslogAddr, "security events, a slow syslog server", cefMessages(cefEvents(256, "/cart?next=/login&id=7"))},
		{"sentry", dsnOf(server), "panics, a slow Sentry", panicMessages(64)},
	} {
		text, corpus := textOf(s.messages), l.path(s.kind)
		if err := os.WriteFile(corpus, []byte(text), 0o600); err != nil {
			return err
		}
		p := l.self("", "slow", strconv.Itoa(frames), s.kind, s.addr)
		c, err := l.feed(trial{frames: frames, corpus: corpus}, p.command)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		l.printResident(fmt.Sprintf("1,000,000 (%.1f GB) %s", frames*float64(len(text))/float64(len(s.messages))/1e9, s.name), c)
	}
	return nil
}

func textOf(messages []envelope.Message) string {
	var text strings.Builder
	for i := range messages {
		text.WriteString(messages[i].JSON())
		text.WriteByte('\n')
	}
	return text.String()
}

// slowSyslog reads about a record a second.
func slowSyslog() (addr string, stop func(), err error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for record := make([]byte, 400); err == nil; time.Sleep(time.Second) {
					_, err = conn.Read(record)
				}
			}()
		}
	}()
	return listener.Addr().String(), func() { _ = listener.Close() }, nil
}

// slowSentry answers one event a second.
func slowSentry() *httptest.Server {
	turn := make(chan struct{}, 1)
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case turn <- struct{}{}:
			time.Sleep(time.Second)
			_, _ = io.WriteString(w, `{"id":"0"}`)
			<-turn
		case <-r.Context().Done(): // the bench is over
		}
	}))
}

// slowSink is the sink that a slow router has behind its queue.
func slowSink(what string, args []string) (sink.Sink, error) {
	switch what {
	case "cef":
		return cefsink.New("tcp://"+args[0], nil)
	case "sentry":
		return sentrysink.New(args[0], nil)
	}
	return sink.Each(func(context.Context, envelope.Message) error {
		time.Sleep(time.Millisecond)
		return nil
	}), nil
}
