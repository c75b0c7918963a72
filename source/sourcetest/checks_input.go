package sourcetest

import (
	"runtime"
	"strings"
	"sync"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/source"
)

// take runs a source, feeds it frames, ends it when want messages have been offered, and compares.
func (tr *trial) take(frames, want []string) *recorder {
	to := &recorder{}
	r := tr.start(to, Options{})
	if r.feed(frames...) {
		tr.until(to.has(len(want)))
	}
	r.end()
	for _, wrong := range compare(to.records(), want) {
		tr.violated("%s", wrong)
	}
	return to
}

func offeredOnce(tr *trial) {
	to := &recorder{}
	r := tr.start(to, Options{})
	sent := numbered(60)
	for _, cut := range [][2]int{{0, 1}, {1, 2}, {2, 32}, {32, 60}} {
		if !r.feed(sent[cut[0]:cut[1]]...) {
			return
		}
		tr.until(to.has(cut[1]))
	}
	large := sized(tr.harness.MaxFrame)
	sent = append(sent, large)
	if r.feed(large) {
		tr.until(to.has(len(sent)))
	}
	r.end()
	for _, wrong := range compare(to.records(), sent) {
		tr.violated("%s", wrong)
	}
}

func severalEnvelopes(tr *trial) {
	e := numbered(9)
	tr.take([]string{
		e[0] + "\n" + e[1],
		e[2] + e[3] + e[4],
		e[5] + "\n\n" + e[6] + "\r\n",
		e[7] + "\n",
		e[8],
	}, e)
}

func badAmongGood(tr *trial) {
	e := numbered(5)
	to, dead := &recorder{}, &recorder{}
	r := tr.start(to, Options{DeadLetter: dead})
	if r.feed(e[0]+"\n{\"type\": broken}\n"+e[1]+"\n"+e[2], "junk\n"+e[3]+"\njunk\n"+e[4]+"\n") {
		tr.until(to.has(len(e)))
		tr.until(dead.has(3))
	}
	r.end()
	for _, wrong := range compare(to.records(), e) {
		tr.violated("%s", wrong)
	}
	if n := len(dead.records()); n != 3 {
		tr.violated("two frames held three envelopes that cannot be read; the dead letter got %d messages", n)
	}
}

func metaIsSet(tr *trial) {
	e := numbered(40)
	to := tr.take(append([]string{e[0] + "\n" + e[1] + e[2]}, e[3:]...), e)
	ids := make(map[envelope.ID]bool)
	var undated, unplaced int
	for _, o := range to.records() {
		meta := o.message.Meta()
		ids[meta.ID] = true
		if meta.Received.IsZero() {
			undated++
		}
		if meta.Origin == "" {
			unplaced++
		}
	}
	if undated > 0 {
		tr.violated("%d of %d messages have no Meta.Received", undated, len(e))
	}
	if unplaced > 0 {
		tr.violated("%d of %d messages have no Meta.Origin", unplaced, len(e))
	}
	if len(ids) < len(e) || ids[envelope.ID{}] {
		tr.violated("%d messages share %d values of Meta.ID", len(e), len(ids))
	}
}

func messagesLast(tr *trial) {
	to := &recorder{}
	r := tr.start(to, Options{})
	e := numbered(60)
	for n := 0; n < len(e); n += 20 {
		if !r.feed(e[n : n+20]...) {
			return
		}
		tr.until(to.has(n + 20))
		runtime.GC()
	}
	r.end()
	changed := 0
	for _, o := range to.records() {
		if o.message.JSON() != o.text {
			changed++
		}
	}
	if changed > 0 {
		tr.violated("%d of %d messages changed after Send had returned", changed, len(e))
	}
}

func batchIsLent(tr *trial) {
	open := make(chan struct{})
	to := &recorder{during: gate(open)}
	opened := sync.OnceFunc(func() { close(open) })
	defer opened()
	r := tr.start(to, Options{})
	e := numbered(40)
	if r.feed(e[:2]...) && tr.until(to.has(1)) && r.feed(e[2:]...) {
		opened()
		tr.until(to.has(len(e)))
	}
	opened()
	r.end()
	if to.changed {
		tr.violated("a batch changed while Send was looking at it")
	}
}

// A plainDecoder takes every frame for the payload of one message.
type plainDecoder struct{}

func (plainDecoder) AppendParse(batch []envelope.Message, frame string, _ int, meta envelope.Meta) ([]envelope.Message, error) {
	m, err := envelope.Draft{Type: "plain", Payload: strings.TrimRight(frame, "\n")}.Seal()
	if err != nil {
		return batch, err
	}
	return append(batch, m.WithMeta(meta)), nil
}

func decoderIsUsed(tr *trial) {
	to := &recorder{}
	r := tr.start(to, Options{Decoder: plainDecoder{}})
	if r.feed("one", "two") {
		tr.until(to.has(2))
	}
	r.end()
	for _, o := range to.records() {
		if o.message.Type() != "plain" {
			tr.violated("a message did not come from Options.Decoder: %.80s", o.text)
		}
	}
	if n := len(to.records()); n != 2 {
		tr.violated("Options.Decoder reads every frame; of 2 came %d messages", n)
	}
}

func typedNil(tr *trial) {
	for _, o := range []struct {
		name    string
		options Options
	}{
		{"DeadLetter", Options{DeadLetter: sink.Sink((*recorder)(nil))}},
		{"Decoder", Options{Decoder: source.Decoder((*envelope.Parser)(nil))}},
	} {
		_, err := tr.harness.New(tr.t, o.options)
		if err == nil {
			tr.violated("New accepted a typed-nil %s", o.name)
		} else if !strings.Contains(err.Error(), o.name) {
			tr.violated("New's error for a typed-nil %s does not name it: %v", o.name, err)
		}
	}
}
