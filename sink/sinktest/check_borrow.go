package sinktest

import (
	"context"
	"testing"
	"unsafe"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

func checkBorrows(k *kit, t testing.TB) string {
	why := "the sink does not say that it borrows"
	for _, borrower := range []bool{true, false} { // what a wrapper sends to
		s := k.make(t, borrower)
		if !sink.Borrows(s.sink) {
			continue
		}
		if why = s.unseen(); why != "" {
			return why
		}
		for range 10 {
			batch := s.messages(20)
			for i := range batch {
				batch[i] = s.own(&batch[i])
			}
			if err := s.send(context.Background(), batch); err != nil {
				s.broken(ruleDone, "Send returned %v, though nothing fails", err)
			}
			for i := range batch {
				scribble(batch[i].JSON())
			}
		}
		s.settle(ruleBorrows)
	}
	return why
}

// own returns m with a text in memory that nothing else shares: Parse copies.
func (s *subject) own(m *envelope.Message) envelope.Message {
	c, err := envelope.Parse([]byte(m.JSON()))
	if err != nil {
		s.Fatalf("sinktest: Harness.Message made an envelope that does not parse: %v", err)
	}
	return c.WithMeta(m.Meta())
}

// scribble overwrites the memory of text, as the owner of a slab does once Send has returned. text must be memory that
// Parse has made.
func scribble(text string) {
	for i := range unsafe.Slice(unsafe.StringData(text), len(text)) {
		unsafe.Slice(unsafe.StringData(text), len(text))[i] = 'x'
	}
}
