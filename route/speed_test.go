package route

import (
	"context"
	"fmt"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

// manyRules returns n rules, of which a message of manyMessages matches three: one by type, one by logger, one by severity.
func manyRules(n int, to sink.Sink) []Rule {
	rules := []Rule{{Name: "severe", When: Severity.Le(envelope.Warning), To: to}}
	for i := 0; len(rules) < n; i++ {
		when := And(Type(fmt.Sprintf("type.%d", i/2)), Severity.Le(envelope.Notice))
		if i%2 == 1 {
			when = And(Logger(fmt.Sprintf("logger.%d", i/2)), status.Ne("x"))
		}
		rules = append(rules, Rule{Name: fmt.Sprint(i), When: when, To: to})
	}
	return rules
}

var status = Field("status")

func manyMessages(tb testing.TB, n int) []envelope.Message {
	batch := make([]envelope.Message, n)
	for i := range batch {
		batch[i] = parse(tb, fmt.Sprintf(`{"type": "type.%d", "logger": "logger.%d", "severity": 4, "payload": "1", "fields": {"name": "x", "status": %d}}`, i%4, i%3, i))
	}
	return batch
}

func TestRoutingDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		return // the race detector allocates
	}
	quiet := &quietSink{}
	sets := map[string][]Rule{
		"one for all": {{Name: "all", To: quiet}},
		"10 rules":    manyRules(10, quiet),
		"1,000 rules": manyRules(1000, quiet),
		"by conditions": {
			{Name: "a", When: MustParse(`Fields[status] >= 3 && Payload == 1 && Fields[name] =~ /^x$/`), To: quiet},
			{Name: "b", When: MustParse(`Hostname == NIL || Pid > 5 || Origin ^= 'udp' || EnvVersion in ('0.8')`), To: quiet, BestEffort: true},
			{Name: "c", When: Func("odd", func(m *envelope.Message) bool { return len(m.JSON())%2 == 1 }), To: quiet},
			{Name: "d", When: Otherwise, To: quiet},
		},
	}
	batch := manyMessages(t, 256)
	for name, rules := range sets {
		router := mustNew(t, rules...)
		per := testing.AllocsPerRun(100, func() {
			if err := router.Send(context.Background(), batch); err != nil {
				t.Fatal(err)
			}
		})
		if per > 2 { // a batch of 256: the garbage collector may take the scratch memory away now and then
			t.Errorf("%s: %v allocations a batch", name, per)
		}
	}
}

type quietSink struct{ n int }

func (q *quietSink) Send(_ context.Context, batch []envelope.Message) error {
	q.n += len(batch)
	return nil
}

// What is let go of is gone: the scratch memory keeps no message alive.
func TestScratchIsCleared(t *testing.T) {
	router := mustNew(t, Rule{Name: "odd", When: MustParse("Payload == '1' || Payload == '3'"), To: sink.Discard}, Rule{Name: "rest", When: Otherwise, To: sink.Discard})
	p := router.program.Load()
	s := newScratch(p)
	batch := batchOf(t, "a", "b", "c", "d", "e")
	s.sort(batch)
	if len(s.touched) != 2 || s.groups[0].messages == nil || s.reader.m == nil {
		t.Fatalf("nothing was copied: %+v", s)
	}
	copied := s.groups[0].messages
	s.release()
	for i := range copied {
		if copied[i].JSON() != "{}" {
			t.Errorf("message %d is still there", i)
		}
	}
	if s.reader.m != nil || s.lookup != (lookup{}) || len(s.touched) != 0 || s.failed.errs != nil {
		t.Errorf("left: %+v", s)
	}
	for i := range s.reader.values {
		if s.reader.values[i] != (value{}) {
			t.Errorf("value %d is still there", i)
		}
	}
}

// However many types, loggers and names senders invent, the router grows by none of them.
func TestStrangersLeaveNothing(t *testing.T) {
	router := mustNew(t, append(manyRules(10, sink.Discard), Rule{Name: "rest", When: Otherwise, To: sink.Discard})...)
	p := router.program.Load()
	types, slots := len(p.byType), len(p.slots)
	for i := range 10_000 {
		m := parse(t, fmt.Sprintf(`{"type": "../%d\n|", "logger": "%d:\u0000", "payload": "1|c", "fields": {"name": "a\nb%d", "%d": 1}}`, i, i, i, i))
		if err := router.Send(context.Background(), []envelope.Message{m}); err != nil {
			t.Fatal(err)
		}
	}
	if len(p.byType) != types || len(p.slots) != slots {
		t.Errorf("%d types and %d paths were %d and %d", len(p.byType), len(p.slots), types, slots)
	}
}

func TestScratchIsBounded(t *testing.T) {
	router := mustNew(t, Rule{Name: "odd", When: MustParse("Type == 'odd'"), To: sink.Discard}, Rule{Name: "rest", When: Otherwise, To: sink.Discard})
	s := newScratch(router.program.Load())
	pair := batchOf(t, "odd", "even")
	var batch []envelope.Message
	for range 3 * maxSpare / 2 {
		batch = append(batch, pair...)
	}
	s.sort(batch)
	s.release()
	if s.spared > maxSpare || len(s.spare) > 0 {
		t.Errorf("room for %d messages is kept", s.spared)
	}
}

func BenchmarkRoute10(b *testing.B)   { benchmarkRoute(b, 10) }
func BenchmarkRoute100(b *testing.B)  { benchmarkRoute(b, 100) }
func BenchmarkRoute1000(b *testing.B) { benchmarkRoute(b, 1000) }

// benchmarkRoute counts messages, in batches of 256 of which three rules match each message.
func benchmarkRoute(b *testing.B, rules int) {
	router, batch := mustNew(b, manyRules(rules, &quietSink{})...), manyMessages(b, 256)
	b.ReportAllocs()
	for i := 0; i < b.N; i += len(batch) {
		if err := router.Send(context.Background(), batch); err != nil {
			b.Fatal(err)
		}
	}
}
