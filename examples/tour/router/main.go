// ZeroMQ and UDP in; statsd, ArcSight and Sentry behind queues; the rest archived, and shipped to HDFS.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/route"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/archivesink"
	"github.com/mozilla-services/metlog-go/sink/cefsink"
	"github.com/mozilla-services/metlog-go/sink/hdfssink"
	"github.com/mozilla-services/metlog-go/sink/ledger"
	"github.com/mozilla-services/metlog-go/sink/sentrysink"
	"github.com/mozilla-services/metlog-go/sink/statsdsink"
	"github.com/mozilla-services/metlog-go/source"
	"github.com/mozilla-services/metlog-go/source/udpsource"
	"github.com/mozilla-services/metlog-go/source/zmqsource"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "router:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	// Endpoints. The archive takes what nobody else claims, and what the others could not deliver.
	hdfs, err1 := hdfssink.New([]string{"127.0.0.1:8020"}, "/metlog", nil)
	archive, err2 := archivesink.New("metlog-archive", &archivesink.Options{Ship: hdfs})
	statsd, err3 := statsdsink.New("127.0.0.1:8125", nil)
	arcsight, err4 := cefsink.New("tls://127.0.0.1:6514", nil)
	sentry, err5 := sentrysink.New(os.Getenv("SENTRY_DSN"), nil)
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return err
	}
	patient := &sink.QueueOptions{Full: sink.Overflow, GiveUp: sink.GiveUp{Age: time.Hour}, DeadLetter: archive}
	stats, err1 := sink.NewQueue(statsd, &sink.QueueOptions{Full: sink.DropOldest, DeadLetter: archive})
	security, err2 := sink.NewQueue(arcsight, patient)
	crashes, err3 := sink.NewQueue(sentry, patient)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}

	metrics := route.Type(envelope.TypeTimer, envelope.TypeCounter, envelope.TypeGauge)
	router, err1 := route.New(
		route.Rule{Name: "stats", When: metrics, To: stats, BestEffort: true},
		route.Rule{Name: "security", When: route.Type(envelope.TypeCEF), To: security},
		route.Rule{Name: "crashes", When: route.Type(envelope.TypeException), To: crashes},
		route.Rule{Name: "archive", When: route.Otherwise, To: archive},
	)
	zmq, err2 := zmqsource.New([]string{"tcp://127.0.0.1:5565"}, &zmqsource.Options{DeadLetter: archive})
	udp, err3 := udpsource.New("127.0.0.1:5565", &udpsource.Options{DeadLetter: archive})
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}

	books := ledger.New(zmq, udp, router) // and everything they lead to
	err := source.Run(ctx, router, zmq, udp)
	grace, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err = errors.Join(err, books.Shutdown(grace), books.Balance())
	fmt.Print(books)
	return err
}
