package metlog

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"

	"github.com/mozilla-services/metlog-go/envelope"
)

// Exception sends an error, as a message of type sentry and severity Error whose payload is one JSON event. A nil error
// sends nothing.
func (c *Client) Exception(ctx context.Context, err error, attrs ...slog.Attr) {
	if err == nil {
		return
	}
	event := map[string]any{"level": "error", "exception": map[string]any{"values": []any{
		map[string]any{"type": reflect.TypeOf(err).String(), "value": err.Error()},
	}}}
	payload, e := json.Marshal(event)
	if e != nil {
		return
	}
	c.sendException(ctx, string(payload), attrs)
}

// Panic sends what a deferred function has recovered, with the frames of the panic, at severity Error: it is called in that
// function or in one called by it. It does not recover itself, and nil sends nothing.
//
//	defer func() {
//		thrown := recover()
//		m.Panic(ctx, thrown)
//	}()
func (c *Client) Panic(ctx context.Context, recovered any, attrs ...slog.Attr) {
	if recovered == nil {
		return
	}
	err, ok := recovered.(error)
	if !ok {
		err = fmt.Errorf("%v", recovered) //nolint:err113 // shown, not returned
	}
	c.Exception(ctx, err, attrs...)
}

// sendException sends an event that is encoded.
func (c *Client) sendException(ctx context.Context, payload string, attrs []slog.Attr) {
	c.emit(ctx, envelope.Error, envelope.TypeException, payload, attrs)
}
