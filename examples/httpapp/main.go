// A small shop over HTTP whose timings, panics and log lines leave as messages.
//
//	go run ./examples/httpapp                                         # prints them
//	go run ./examples/httpapp -to tcp://127.0.0.1:5565 -rate '*=0.1'  # sends a tenth of the timers to a router
//	curl 127.0.0.1:8080/items/lamp; curl -d item=lamp 127.0.0.1:8080/cart; curl 127.0.0.1:8080/boom
//
// SIGTERM or SIGINT lets requests end, sends what is there within 20 s, and prints what became of every message.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/mozilla-services/metlog-go/middleware"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/ledger"
	"github.com/mozilla-services/metlog-go/sink/zmqsink"
	"github.com/mozilla-services/metlog-go/source/metlog"
	"github.com/mozilla-services/metlog-go/source/zerologsource"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "`HOST:PORT` to listen on")
	to := flag.String("to", "", "`ENDPOINT` of a router, such as tcp://127.0.0.1:5565 (ZeroMQ PUSH); without it messages are printed")
	var rates []string
	flag.Func("rate", "`GLOB=RATE`: the share of timers with such names that is sent, 0 is none; repeatable, the last that matches holds",
		func(line string) error { rates = append(rates, line); return nil })
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	if err := run(ctx, *addr, *to, strings.Join(rates, "\n"), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "httpapp:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, addr, endpoint, rateLines string, out io.Writer) error {
	to, err1 := open(endpoint, out)
	rates, err2 := metlog.ParseRates(rateLines)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	m, err := metlog.New(to, &metlog.Options{Logger: "shop", Rates: rates})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	logger := zerolog.New(zerologsource.New(m, nil))
	// Who gives ErrorLog to the client answers panics: thrown again, each would leave as a log line, too, stack and all.
	panics := middleware.Panics(m, &middleware.PanicsOptions{Respond: true})
	handler := middleware.Timer(m, nil)(panics(newShop(m, logger)))
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ErrorLog:          log.New(logger, "", 0),
	}
	fmt.Fprintf(out, "listening on http://%s\n", listener.Addr())
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err = <-failed:
	case <-ctx.Done():
	}

	grace, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	books := ledger.New(m) // and all it leads to
	err = errors.Join(err, server.Shutdown(grace), books.Shutdown(grace), books.Balance())
	fmt.Fprint(out, "\n", books, note(m.Account(), endpoint))
	return err
}

// open returns where the messages go.
func open(endpoint string, out io.Writer) (sink.Sink, error) {
	if endpoint != "" {
		return zmqsink.New(endpoint, nil)
	}
	return printing(out)
}
