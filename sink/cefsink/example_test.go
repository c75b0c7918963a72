package cefsink_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/cefsink"
)

// login is a message as the clients of 2012 sent it.
func login() (envelope.Message, error) {
	return envelope.Draft{
		Type:      envelope.TypeCEF,
		Timestamp: time.Date(2026, 3, 2, 9, 15, 4, 0, time.UTC),
		Hostname:  "web3",
		Payload:   "Mar 02 10:15:04 web3 CEF:0|Example|shop|1|AuthFail|bad login|5|src=203.0.113.9 suser=amy",
		Fields:    []slog.Attr{slog.Group("cef_meta", "syslog_priority", "ALERT", "syslog_facility", "LOCAL2", "syslog_ident", "shop")},
	}.Seal()
}

func Example() {
	server, err := net.Listen("tcp", "127.0.0.1:0") // stands in for ArcSight
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	received := make(chan string, 1)
	go func() {
		if conn, err := server.Accept(); err == nil {
			defer conn.Close()
			all, _ := io.ReadAll(conn)
			received <- string(all)
		}
	}()

	arcsight, err := cefsink.New("tcp://"+server.Addr().String(), &cefsink.Options{Idents: []string{"shop"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := login()
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := arcsight.Send(context.Background(), []envelope.Message{m}); err != nil {
		fmt.Println(err)
	}
	if err := arcsight.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
	}
	fmt.Println(<-received)
	// Output:
	// 118 <145>1 2026-03-02T09:15:04.000000Z web3 shop - - - CEF:0|Example|shop|1|AuthFail|bad login|5|src=203.0.113.9 suser=amy
}

// RFC 3164 over UDP, for receivers that read nothing newer. An ident that the operator does not allow is counted.
func Example_rfc3164() {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	old, err := cefsink.New("udp://"+server.LocalAddr().String(), &cefsink.Options{Format: cefsink.RFC3164, Ident: "router"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer old.Close()
	m, err := login()
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := old.Send(context.Background(), []envelope.Message{m}); err != nil {
		fmt.Println(err)
	}
	datagram := make([]byte, 8192)
	n, _, err := server.ReadFrom(datagram)
	if err != nil {
		fmt.Println(err)
		return
	}
	record := string(datagram[:n])
	fmt.Println(record[:5], "...", record[len("<145>Mar  2 09:15:04 "):]) // between them the local time
	fmt.Println("idents that are not allowed:", old.Stats().Ident)
	// Output:
	// <145> ... web3 router: CEF:0|Example|shop|1|AuthFail|bad login|5|src=203.0.113.9 suser=amy
	// idents that are not allowed: 1
}

// A queue before the sink waits for the server, and gives what is no event to its dead letter.
func Example_queue() {
	arcsight, err := cefsink.New("tls://siem.example.net:6514", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer arcsight.Close()
	letters := sink.Each(func(_ context.Context, m envelope.Message) error {
		reason, _ := m.Field("error")
		fmt.Println(m.Type(), "because", reason.String()[len("cefsink: message 00000000000000000000000000000000 "):])
		return nil
	})
	queue, err := sink.NewQueue(arcsight, &sink.QueueOptions{DeadLetter: letters})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := envelope.Draft{Type: envelope.TypeCEF, Payload: "no event"}.Seal()
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := queue.Send(context.Background(), []envelope.Message{m}); err != nil {
		fmt.Println(err)
	}
	if err := queue.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// metlog.deadletter because (type "cef"): payload: cef: no CEF
}
