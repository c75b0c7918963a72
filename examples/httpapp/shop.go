package main

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/rs/zerolog"

	"github.com/mozilla-services/metlog-go/source/metlog"
)

// A store has what is for sale, and what is in the cart, in memory.
type store struct {
	mu    sync.Mutex
	price map[string]int // in cents
	cart  map[string]int

	reading, writing *metlog.Timer
}

func newStore(m *metlog.Client) *store {
	return &store{
		price:   map[string]int{"lamp": 1999, "chair": 4900, "table": 12900},
		cart:    make(map[string]int),
		reading: m.Timer("store.read"),
		writing: m.Timer("store.write"),
	}
}

func (s *store) priceOf(item string) (cents int, ok bool) {
	defer s.reading.Start().Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	cents, ok = s.price[item]
	return cents, ok
}

// add puts an item into the cart and returns how many of it are there.
func (s *store) add(item string) int {
	defer s.writing.Start().Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cart[item]++
	return s.cart[item]
}

// newShop returns the shop's pages.
func newShop(m *metlog.Client, logger zerolog.Logger) http.Handler {
	s := newStore(m)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, r *http.Request) {
		cents, ok := s.priceOf(r.PathValue("id"))
		if !ok {
			http.NotFound(w, r)
			return
		}
		fmt.Fprintf(w, "%d.%02d\n", cents/100, cents%100)
	})
	mux.HandleFunc("POST /cart", func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
		item := r.FormValue("item")
		if _, ok := s.priceOf(item); !ok {
			http.Error(w, "no such item", http.StatusUnprocessableEntity)
			return
		}
		n := s.add(item)
		logger.Info().Str("item", item).Int("n", n).Msg("stored")
		w.WriteHeader(http.StatusCreated)
	})
	mux.HandleFunc("GET /boom", func(w http.ResponseWriter, r *http.Request) {
		cart, item := []string{"lamp", "chair"}, 2
		metlog.Watch(r.Context(), "cart", &cart) // both are in the traceback
		metlog.Watch(r.Context(), "item", &item)
		fmt.Fprintln(w, cart[item])
	})
	return mux
}
