package archivesink

import (
	"errors"
	"time"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

var errZero = sink.Permanent(errors.New("archivesink: the zero Message is no envelope"))

// maxScratch is how many bytes of lines are kept for the next Send.
const maxScratch = 1 << 20

// A scratch sorts one batch into partitions. None of it outlives a Send but the memory.
type scratch struct {
	groups []group
	of     []int32 // by message: its group, -1 when it has none
	lines  []byte
}

// A group is the messages of one batch that go into one partition.
type group struct {
	partition partition
	value     string // of the extra column, as the message has it
	messages  int
	err       error
}

// reset empties it, so that it keeps no string of a message.
func (b *scratch) reset() {
	clear(b.groups)
	b.groups, b.of, b.lines = b.groups[:0], b.of[:0], b.lines[:0]
	if cap(b.lines) > maxScratch {
		b.lines = nil
	}
}

// sort gives every message its group.
func (b *scratch) sort(batch []envelope.Message, now time.Time, s *Sink) {
	for i := range batch {
		m := &batch[i]
		if m.JSON() == "{}" {
			b.of = append(b.of, -1)
			continue
		}
		received := m.Meta().Received
		if received.IsZero() {
			received = now
		}
		value := ""
		if s.opts.Partition.Value != nil {
			value = s.opts.Partition.Value(m)
		}
		g := b.group(hourOf(received), value, s)
		b.groups[g].messages++
		b.of = append(b.of, int32(g))
	}
}

func (b *scratch) group(hour int64, value string, s *Sink) int {
	for i := range b.groups {
		if b.groups[i].partition.hour == hour && b.groups[i].value == value {
			return i
		}
	}
	p := partition{hour: hour}
	if s.opts.Partition.Value != nil {
		p.value = s.admit(value, hour)
	}
	for i := range b.groups {
		if b.groups[i].partition == p {
			return i
		}
	}
	b.groups = append(b.groups, group{partition: p, value: value})
	return len(b.groups) - 1
}

// render makes lines the text of one group.
func (b *scratch) render(batch []envelope.Message, g int) {
	b.lines = b.lines[:0]
	for i := range batch {
		if b.of[i] == int32(g) {
			b.lines = append(append(b.lines, batch[i].JSON()...), '\n')
		}
	}
}

// result is the error of the Send.
func (b *scratch) result() error {
	var failed []sink.Failure
	for i, g := range b.of {
		err := errZero
		if g >= 0 {
			err = b.groups[g].err
		}
		if err != nil {
			failed = append(failed, sink.Failure{Index: i, Err: err})
		}
	}
	if failed == nil {
		return nil
	}
	return &sink.BatchError{Failed: failed}
}
