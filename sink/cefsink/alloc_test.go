package cefsink

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
)

func TestSendAllocates(t *testing.T) {
	if raceEnabled {
		return // the race detector allocates
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		if conn, err := listener.Accept(); err == nil {
			defer conn.Close()
			_, _ = io.Copy(io.Discard, conn)
		}
	})
	defer reading.Wait()
	defer listener.Close()
	s := newSink(t, "tcp://"+listener.Addr().String(), &Options{Idents: []string{"shop"}, ResendBytes: 1}) // few pages, soon all there
	defer s.Close()
	old := "Mar 02 09:15:04 web3 CEF:0|Example|shop|1|AuthFail|bad login|5|cs1Label=requestClientApplication cs1=curl/7 requestMethod=POST request=/login src=203.0.113.9 dhost=shop.example suser=amy"
	var batch []envelope.Message
	for range 64 {
		batch = append(batch,
			event(t, "bad login"),
			withMeta(t, old, map[string]any{"syslog_priority": "ALERT", "syslog_facility": "LOCAL2", "syslog_ident": "shop", "syslog_options": "PID"}),
			withMeta(t, old, map[string]any{"syslog_priority": "LOUD", "syslog_facility": "KERN", "syslog_ident": "sshd", "syslog_options": nil}))
	}
	for range 50 {
		if err := s.Send(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		ctx   context.Context
		limit float64
	}{
		"no end of the context":  {context.Background(), 0},
		"a context that can end": {t.Context(), 12}, // whatever the number of messages
	} {
		allocs := testing.AllocsPerRun(100, func() {
			if err := s.Send(test.ctx, batch); err != nil {
				t.Fatal(err)
			}
		})
		if allocs > test.limit {
			t.Errorf("%s: a batch of %d messages took %v allocations", name, len(batch), allocs)
		}
	}
}
