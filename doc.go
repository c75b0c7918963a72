// Package metlog carries structured messages out of programs and into the systems that read them: timers and counters to
// statsd, security events to ArcSight, exceptions to Sentry, everything else into files, also on HDFS, that SQL engines
// query. It is a library: a team composes its own router, or instruments its own service, in a few lines.
//
// There is nothing in this package itself. The package metlog that an application calls is
// [github.com/mozilla-services/metlog-go/source/metlog].
//
//	package main
//
//	import (
//		"context"
//		"errors"
//		"fmt"
//		"log"
//		"os"
//		"os/signal"
//		"syscall"
//		"time"
//
//		"github.com/mozilla-services/metlog-go/route"
//		"github.com/mozilla-services/metlog-go/sink/archivesink"
//		"github.com/mozilla-services/metlog-go/sink/ledger"
//		"github.com/mozilla-services/metlog-go/sink/statsdsink"
//		"github.com/mozilla-services/metlog-go/source"
//		"github.com/mozilla-services/metlog-go/source/zmqsource"
//	)
//
//	func main() {
//		archive, err1 := archivesink.New("metlog-archive", nil) // JSON lines that SQL engines read
//		statsd, err2 := statsdsink.New("127.0.0.1:8125", nil)
//		zmq, err3 := zmqsource.New([]string{"tcp://127.0.0.1:5565"}, &zmqsource.Options{DeadLetter: archive})
//		router, err4 := route.New(
//			route.Rule{Name: "stats", When: route.Type("timer", "counter", "gauge"), To: statsd},
//			route.Rule{Name: "archive", When: route.Otherwise, To: archive},
//		)
//		if err := errors.Join(err1, err2, err3, err4); err != nil {
//			log.Fatal(err)
//		}
//		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
//		defer stop()
//		books := ledger.New(zmq, router)    // and everything they lead to
//		err := source.Run(ctx, router, zmq) // until ctx ends, and until everything received is delivered
//		grace, cancel := context.WithTimeout(context.Background(), 20*time.Second)
//		defer cancel()
//		err = errors.Join(err, books.Shutdown(grace), books.Balance())
//		fmt.Print(books)
//		if err != nil {
//			log.Fatal(err)
//		}
//	}
//
// # The map
//
// A source runs into a sink. A router, a filter, a queue and an endpoint are all sinks, so everything composes with
// everything. Data moves from left to right only; no package on the right knows one on the left.
//
//	generators                 sources                      sinks all the way down
//	──────────                 ───────                      ──────────────────────
//	source/metlog ────────┐    zmqsource ─┐                 ┌─ statsdsink ──────────────► statsd, Graphite
//	middleware            │               │                 ├─ sink.Queue ── cefsink ───► ArcSight (syslog)
//	zerologsource         ├──►            ├─► route.Router ─┼─ sink.Queue ── sentrysink ► Sentry
//	slogsource ───────────┘    udpsource ─┘   (is a sink)   ├─ sink.Queue ── zmqsink ───► the next router
//	                                                        └─ otherwise: archivesink ──► a directory, HDFS ──► SQL
//
// The packages, each knowing only those before it:
//
//   - [github.com/mozilla-services/metlog-go/envelope] is the message: JSON that is validated once and passed on as it is.
//   - [github.com/mozilla-services/metlog-go/cef] is the security event: ArcSight's Common Event Format.
//   - [github.com/mozilla-services/metlog-go/sink] says what accepts messages, and has the combinators, the queue and the
//     accounts. Below it are the endpoints, sink/ledger (the books of a program) and sink/sinktest (the conformance kit).
//   - [github.com/mozilla-services/metlog-go/source] says what messages come out of. Below it are the inputs and
//     source/sourcetest, and source/metlog, what an application holds to say what happens in it, with its bridges from
//     zerolog and log/slog. A generator sends into any sink: a router in the same program, or zmqsink to one elsewhere.
//   - [github.com/mozilla-services/metlog-go/middleware] makes a net/http service a generator.
//   - [github.com/mozilla-services/metlog-go/route] decides, by rules over type and metadata, which sinks get a message.
//
// Only zmqsource and zmqsink need cgo and libzmq. Everything else builds with CGO_ENABLED=0.
package metlog
