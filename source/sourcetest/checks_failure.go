package sourcetest

import (
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

var errRefused = errors.New("sourcetest: refused on purpose")

func refuseAll(string) error { return errRefused }

// refuseThirds refuses every third of the numbered envelopes.
func refuseThirds(all []string) func(string) error {
	refused := make(map[string]bool)
	for i := 0; i < len(all); i += 3 {
		refused[all[i]] = true
	}
	return func(text string) error {
		if refused[text] {
			return errRefused
		}
		return nil
	}
}

func refusedToDeadLetter(tr *trial) { tr.refused(refuseAll) }
func refusedInPart(tr *trial)       { tr.refused(refuseThirds(numbered(30))) }

// refused runs a source into a sink that refuses some messages, and looks for each of them in the dead letter.
func (tr *trial) refused(refuse func(string) error) {
	e := numbered(30)
	var want []string
	for _, text := range e {
		if refuse(text) != nil {
			want = append(want, text)
		}
	}
	to, dead := &recorder{refuse: refuse}, &recorder{}
	r := tr.start(to, Options{DeadLetter: dead})
	if r.feed(together(e[:9], 3)...) && tr.until(to.has(9)) && r.feed(together(e[9:], 3)...) {
		tr.until(to.has(len(e)))
		tr.until(dead.has(len(want)))
	}
	r.end()
	for _, wrong := range compare(to.records(), e) {
		tr.violated("the sink refuses messages: %s", wrong)
	}
	offered := make(map[string]envelope.Meta)
	for _, o := range to.records() {
		offered[o.text] = o.message.Meta()
	}
	letters := dead.records()
	for i := range letters {
		letter := &letters[i]
		text := letter.message.Payload()
		tr.letterIs(&letter.message, offered[text])
		letter.text = text
	}
	for _, wrong := range compare(letters, want) {
		tr.violated("payloads of the dead letter: %s", wrong)
	}
	tr.counted(r, map[string]uint64{"deadletter": uint64(len(want))})
}

// letterIs looks at the fields of one metlog.deadletter for a message with meta.
func (tr *trial) letterIs(m *envelope.Message, meta envelope.Meta) {
	if m.Type() != envelope.TypeDeadLetter {
		tr.violated("the dead letter got a message of type %q", m.Type())
		return
	}
	for _, name := range []string{"first", "last", "received"} {
		t, err := time.Parse(time.RFC3339Nano, field(m, name))
		if err != nil {
			tr.violated("fields.%s of a dead letter is no time: %v", name, err)
		}
		if name == "received" && err == nil && !t.Equal(meta.Received) {
			tr.violated("fields.received of a dead letter is %v, the message was received at %v", t, meta.Received)
		}
	}
	if field(m, "sink") == "" || !strings.Contains(field(m, "error"), errRefused.Error()) {
		tr.violated("a dead letter names sink %q and error %q", field(m, "sink"), field(m, "error"))
	}
	if field(m, "attempts") != "1" {
		tr.violated("a dead letter says attempts %q; a source offers once", field(m, "attempts"))
	}
	if field(m, "origin") != meta.Origin || field(m, "id") != meta.ID.String() {
		tr.violated("a dead letter has origin %q and id %q, the message %q and %q", field(m, "origin"), field(m, "id"), meta.Origin, meta.ID)
	}
}

func field(m *envelope.Message, name string) string {
	v, _ := m.Field(name)
	return v.String()
}

func undecodableToDeadLetter(tr *trial) {
	bad, good := garbage(tr.harness.MaxFrame), numbered(3)
	to, dead := &recorder{}, &recorder{}
	r := tr.start(to, Options{DeadLetter: dead})
	for i, frame := range bad {
		if !r.feed(frame) {
			return
		}
		tr.until(dead.has(i + 1))
	}
	if r.feed(good...) {
		tr.until(to.has(len(good)))
	}
	r.end()
	for _, wrong := range compare(to.records(), good) {
		tr.violated("after undecodable frames: %s", wrong)
	}
	left := make(map[string]bool)
	for _, frame := range bad {
		left[frame[:min(len(frame), maxKept)]] = true
	}
	for _, o := range dead.records() {
		delete(left, tr.undecodable(&o.message))
	}
	for frame := range left {
		tr.violated("no metlog.undecodable holds the frame %.40q", frame)
	}
	tr.counted(r, map[string]uint64{"deadletter": uint64(len(bad))})
}

// maxKept is how much of an undecodable frame a dead letter holds, in bytes.
const maxKept = 64 << 10

// undecodable looks at one metlog.undecodable and returns the bytes it holds.
func (tr *trial) undecodable(m *envelope.Message) string {
	if m.Type() != envelope.TypeUndecodable {
		tr.violated("the dead letter got a message of type %q", m.Type())
		return ""
	}
	payload := m.Payload()
	if field(m, "encoding") == "base64" {
		raw, err := base64.StdEncoding.DecodeString(payload)
		if err != nil {
			tr.violated("the payload of a metlog.undecodable is not in base64, as fields.encoding says: %v", err)
		}
		payload = string(raw)
	}
	if len(payload) > maxKept {
		tr.violated("a metlog.undecodable holds %d bytes of a frame", len(payload))
	}
	offset, _ := m.Field("offset")
	if _, ok := offset.Int(); !ok || field(m, "error") == "" || field(m, "origin") == "" {
		tr.violated("a metlog.undecodable has error %q, offset %q, origin %q", field(m, "error"), offset.JSON(), field(m, "origin"))
	}
	return payload
}

func withoutDeadLetter(tr *trial) {
	tr.uncollected(nil)
}

func failingDeadLetter(tr *trial) {
	tr.uncollected(&recorder{refuse: refuseAll})
}

// uncollected runs a source whose dead letter takes nothing.
func (tr *trial) uncollected(dead sink.Sink) {
	e := numbered(30)
	to := &recorder{refuse: refuseThirds(e)}
	r := tr.start(to, Options{DeadLetter: dead})
	if r.feed("junk") && r.feed(e[:15]...) && tr.until(to.has(15)) && r.feed("more junk") && r.feed(e[15:]...) {
		tr.until(to.has(len(e)))
	}
	r.end()
	for _, wrong := range compare(to.records(), e) {
		tr.violated("%s", wrong)
	}
	tr.counted(r, map[string]uint64{"refused": 10, "undecodable": 2})
}

// counted compares what the account of a run that has ended says was dropped.
func (tr *trial) counted(r *run, dropped map[string]uint64) {
	if _, ok := r.subject.Source.(sink.Accounter); !ok {
		return
	}
	got := r.account().Dropped
	for reason, n := range dropped {
		if got[reason] != n {
			tr.violated("the account says Dropped[%q] = %d, it should be %d (%v)", reason, got[reason], n, got)
		}
	}
}

func accountBalances(tr *trial) {
	e := numbered(30)
	to := &recorder{refuse: refuseThirds(e)}
	r := tr.start(to, Options{})
	if _, ok := r.subject.Source.(sink.Accounter); !ok {
		tr.violated("the source is no sink.Accounter")
		return
	}
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() { tr.watchAccount(r, stop) })
	for n := 0; n < len(e); n += 5 {
		if !r.feed(append([]string{"junk"}, e[n:n+5]...)...) {
			break
		}
		tr.until(to.has(n + 5))
	}
	close(stop)
	watching.Wait()
	r.end()
	a := r.account()
	if a.Name == "" {
		tr.violated("the account has no name")
	}
	if a.Offered != 36 || a.Done != 20 || a.Held != 0 {
		tr.violated("of 36 envelopes (6 of them unreadable) the sink took 20; the account says Offered %d, Done %d, Held %d", a.Offered, a.Done, a.Held)
	}
	if a.LastError == nil {
		tr.violated("messages were refused and the account's LastError is nil")
	}
}

// watchAccount looks at the account until stop.
func (tr *trial) watchAccount(r *run, stop <-chan struct{}) {
	for {
		if a := r.account(); !a.Balanced() {
			tr.violated("the account of a running source does not balance: %+v", a)
			return
		}
		select {
		case <-stop:
			return
		case <-time.After(100 * time.Microsecond):
		}
	}
}
