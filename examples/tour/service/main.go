// A net/http service whose timings, panics and zerolog lines leave over ZeroMQ.
package main

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"github.com/mozilla-services/metlog-go/middleware"
	"github.com/mozilla-services/metlog-go/sink/zmqsink"
	"github.com/mozilla-services/metlog-go/source/metlog"
	"github.com/mozilla-services/metlog-go/source/zerologsource"
	"github.com/rs/zerolog"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	router, err1 := zmqsink.New("tcp://127.0.0.1:5565", nil)
	m, err2 := metlog.New(router, &metlog.Options{Logger: "shop"})
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	logger := zerolog.New(zerologsource.New(m, nil))
	storing := m.Timer("cart.store")
	mux := http.NewServeMux()
	mux.HandleFunc("POST /cart", func(w http.ResponseWriter, r *http.Request) {
		cart := []string{r.FormValue("item")}
		metlog.Watch(r.Context(), "cart", &cart) // shown in the traceback if this panics
		defer storing.Start().Stop()
		logger.Info().Strs("cart", cart).Msg("stored")
	})
	handler := middleware.Timer(m, nil)(middleware.Panics(m, nil)(mux))
	srv := &http.Server{Addr: "127.0.0.1:8080", Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- srv.ListenAndServe() }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return errors.Join(err, srv.Shutdown(grace), m.Shutdown(grace), router.Shutdown(grace))
}
