package metlog

import (
	"context"
	"encoding/json"
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

// sendException sends an event that is encoded.
func (c *Client) sendException(ctx context.Context, payload string, attrs []slog.Attr) {
	c.emit(ctx, envelope.Error, envelope.TypeException, payload, attrs)
}
