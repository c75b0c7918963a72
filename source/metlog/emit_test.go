package metlog

import (
	"context"
	"log/slog"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
)

func TestEmit(t *testing.T) {
	to := new(sinktest.Recorder)
	c := start(t, to, &Options{Logger: "shop", Hostname: "web3", PID: 411})
	ctx := t.Context()
	c.Emit(ctx, "deploy", "v42", slog.Int("hosts", 3), slog.Group("by", slog.String("name", "amy")))
	c.Logf(ctx, envelope.Warning, "slow %s", "disk")
	c.Incr("cart.added", 2)
	c.Decr("cart.added", 1)
	c.Timer("cart.store").Start().Stop()
	if err := c.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if err := c.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, text := range to.JSON() {
		t.Log(text)
		p := envelope.Parser{Strict: true}
		if _, err := p.AppendParse(nil, text, len(text), envelope.Meta{}); err != nil {
			t.Error(err)
		}
	}
	if a := balanced(t, c); a.Done != 5 || a.Offered != 5 {
		t.Errorf("%+v", a)
	}
}
