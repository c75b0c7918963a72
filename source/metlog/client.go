package metlog

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/isnil"
	"github.com/mozilla-services/metlog-go/sink"
)

// A Client sends messages to a sink. All its methods may be called concurrently, also after Shutdown.
type Client struct {
	to      sink.Sink
	borrows bool
	options Options
	eager   int // chunks that are ready for which the worker is woken
	clock   clock
	timers  metric
	counts  metric
	gauges  metric
	timer   *time.Timer // fires an interval after the first message

	shards  []shard
	hint    sync.Pool // of pointers into shards: which one this processor used last
	next    atomic.Uint32
	drafts  sync.Pool // of *draft
	catch   catcher
	series  registry
	report  reporter
	notices notices
	damaged atomic.Uint64

	wake   chan struct{} // the worker has something to do
	armed  atomic.Bool   // timer runs
	due    atomic.Bool   // the worker must look into the shards
	ending atomic.Bool   // the shards are closed
	giveUp atomic.Bool   // offer nothing more
	done   chan struct{} // closed when the worker has ended
	ctx    context.Context
	cancel context.CancelCauseFunc

	store
}

// New returns a client that sends to to and starts the goroutine that does, which ends with Shutdown or Close. Nothing
// is sent before the first message. An error names what is wrong: a nil to, an option out of its bounds.
func New(to sink.Sink, o *Options) (*Client, error) {
	if isnil.Is(to) {
		return nil, errors.New("metlog: nil sink")
	}
	options := Options{}
	if o != nil {
		options = *o
		options.Filters = slices.Clone(o.Filters)
		options.Redact = slices.Clone(o.Redact)
	}
	if err := options.complete(); err != nil {
		return nil, err
	}
	c := &Client{
		to:      to,
		borrows: sink.Borrows(to),
		options: options,
		wake:    make(chan struct{}, 1),
		done:    make(chan struct{}),
		timers:  newMetric(envelope.TypeTimer),
		counts:  newMetric(envelope.TypeCounter),
		gauges:  newMetric(envelope.TypeGauge),
	}
	c.clock.start()
	c.report.to = options.OnError
	c.notices.open(options.OnError != nil)
	c.catch.open(&options)
	c.series.client = c
	c.series.set(options.Rates)
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	c.room = options.MaxBytes
	c.openShards()
	c.timer = time.AfterFunc(options.FlushInterval, c.expire)
	c.timer.Stop()
	go c.work()
	return c, nil
}

func (c *Client) openShards() {
	n := min(2*runtime.GOMAXPROCS(0), c.options.MaxBytes/(2*chunkBytes))
	c.eager = max(1, min(eagerChunks, c.options.MaxBytes/(4*chunkBytes)))
	c.shards = make([]shard, n)
	for i := range c.shards {
		c.shards[i].encoder = c.encoder()
	}
	c.hint.New = func() any { return &c.shards[c.next.Add(1)%uint32(n)] }
	c.drafts.New = func() any { return &draft{encoder: c.encoder()} }
}

func (c *Client) encoder() *envelope.Encoder {
	return envelope.NewEncoder(c.options.Logger, c.options.PID, c.options.Hostname)
}

// Next returns the sink that the client sends to.
func (c *Client) Next() []sink.Sink { return []sink.Sink{c.to} }
