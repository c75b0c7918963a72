package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
	"github.com/mozilla-services/metlog-go/sink/ledger"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// diary is what parts did at their end, in order.
type diary struct {
	mu   sync.Mutex
	said []string
}

func (d *diary) note(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.said = append(d.said, what)
}

func (d *diary) String() string { return strings.Join(d.said, " ") }

// source keeps an account and is no sink; it has no end.
type source struct{ account sink.Account }

func (s *source) Account() sink.Account { return s.account }

// leaf is a sink that leads to others, without an end.
type leaf struct {
	source
	to []sink.Sink
}

func (l *leaf) Send(context.Context, []envelope.Message) error { return nil }
func (l *leaf) Next() []sink.Sink                              { return l.to }

// part is a leaf with Shutdown and Close.
type part struct {
	leaf
	diary    *diary
	shutdown func(context.Context) error
	close    func() error
}

func newPart(d *diary, name string, to ...sink.Sink) *part {
	p := &part{diary: d}
	p.account.Name = name
	p.to = to
	return p
}

func (p *part) Shutdown(ctx context.Context) error {
	p.diary.note("+" + p.account.Name)
	if p.shutdown != nil {
		return p.shutdown(ctx)
	}
	p.diary.note("-" + p.account.Name)
	return nil
}

func (p *part) Close() error {
	p.diary.note("x" + p.account.Name)
	if p.close != nil {
		return p.close()
	}
	return nil
}

// slowly is a Shutdown that takes d, or as long as ctx lets it.
func (p *part) slowly(d time.Duration) *part {
	p.shutdown = func(ctx context.Context) error {
		select {
		case <-time.After(d):
			p.diary.note("-" + p.account.Name)
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return p
}

// value is a sink that cannot be compared.
type value struct{ to []sink.Sink }

func (value) Send(context.Context, []envelope.Message) error { return nil }
func (v value) Next() []sink.Sink                            { return v.to }
func (value) Account() sink.Account                          { return sink.Account{Name: "value"} }

// mute is a sink without an account.
type mute struct{}

func (*mute) Send(context.Context, []envelope.Message) error { return nil }

func lines(books *ledger.Ledger) []string {
	all := strings.Split(strings.TrimSuffix(books.String(), "\n"), "\n")
	for i := range all {
		all[i] = strings.Join(strings.Fields(all[i]), " ")
	}
	return all[1:]
}

func TestEveryPartStandsOnce(t *testing.T) {
	d := new(diary)
	archive := newPart(d, "archive")
	first := newPart(d, "first", archive, nil, (*part)(nil))
	second := newPart(d, "second", new(mute), archive)
	router := newPart(d, "router", first, second, sink.Discard)
	books := ledger.New(&source{sink.Account{Name: "source"}}, router)
	want := []string{
		"source 0 0 0", "router 0 0 0", "first 0 0 0", "archive 0 0 0", "second 0 0 0",
		"*ledger_test.mute (keeps no account)", "sink.discard (keeps no account)",
	}
	for range 2 {
		if got := lines(books); !slices.Equal(got, want) {
			t.Errorf("the books are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func TestPartsThatComeLaterAreFound(t *testing.T) {
	d := new(diary)
	gone := newPart(d, "gone")
	router := newPart(d, "router", gone)
	books := ledger.New(router)
	router.to = []sink.Sink{newPart(d, "new")}
	want := []string{"router 0 0 0", "gone 0 0 0", "new 0 0 0"}
	if got := lines(books); !slices.Equal(got, want) {
		t.Errorf("the books are %q, want %q", got, want)
	}
	if err := books.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if !strings.Contains(d.String(), "-gone") || !strings.Contains(d.String(), "-new") {
		t.Errorf("what ended is %v", d)
	}
}

func TestValuesThatCannotBeCompared(t *testing.T) {
	to := value{to: []sink.Sink{value{}, sink.Discard}}
	books := ledger.New(to, value{})
	want := []string{"value 0 0 0", "value 0 0 0", "sink.discard (keeps no account)", "value 0 0 0"}
	for range 2 {
		if got := lines(books); !slices.Equal(got, want) {
			t.Errorf("the books are %q, want %q", got, want)
		}
	}
	circle := value{to: make([]sink.Sink, 2)}
	circle.to[0], circle.to[1] = circle, circle
	books = ledger.New(circle)
	for range 2 {
		if n := len(lines(books)); n > 2100 {
			t.Errorf("a circle became %d parts", n)
		}
	}
	if err := books.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestNilPartPanics(t *testing.T) {
	defer func() {
		if p := fmt.Sprint(recover()); p != "ledger: New: part 1 is nil" {
			t.Errorf("the panic is %q", p)
		}
	}()
	ledger.New(&source{}, (*part)(nil))
}

func TestReport(t *testing.T) {
	a := sink.Account{
		Name: "sta\x1b[31mtsd\n", Opening: 1, Offered: 10, Done: 3, Refused: 2, Held: 4, HeldBytes: 512,
		Dropped:   map[string]uint64{"oldest": 1, "deadletter": 1, "newest": 0},
		LastError: errors.New("bad\r\nline " + strings.Repeat("x", 200)),
	}
	const want = "" +
		"              opening  offered  done  refused       held  dead letters   dropped\n" +
		"sta�[31mtsd�        1       10     3        2  4 (512 B)             1  1 oldest\n" +
		"last error of sta�[31mtsd�: bad��line "
	got := ledger.New(&source{a}).String()
	if want := want + strings.Repeat("x", 110) + "…\n"; got != want {
		t.Errorf("the report is\n%q\nwant\n%q", got, want)
	}
}

// An error stands once, with the part it began in.
func TestReportTellsAnErrorOnce(t *testing.T) {
	d := new(diary)
	cause := errors.New("no such host")
	leaf := newPart(d, "leaf")
	leaf.account.LastError = cause
	twin := newPart(d, "twin")
	twin.account.LastError = cause
	router := newPart(d, "router", leaf, twin)
	router.account.LastError = fmt.Errorf("rule x: %w", cause)
	got := ledger.New(&source{sink.Account{Name: "source", LastError: router.account.LastError}}, router).String()
	if _, errs, _ := strings.Cut(got, "last error"); errs != " of twin: no such host\n" {
		t.Errorf("the report is\n%s", got)
	}
}

// A part whose errors have its name is named once.
func TestNameStandsOnce(t *testing.T) {
	d := new(diary)
	p := newPart(d, "zmq push tcp://x")
	p.account.LastError = errors.New("zmqsink: zmq push tcp://x: lost")
	p.shutdown = func(context.Context) error { return p.account.LastError }
	nameless := newPart(d, "")
	nameless.account.LastError = errors.New("zmqsink: gone")
	books := ledger.New(p, nameless)
	if got := books.String(); !strings.HasSuffix(got, "last error of zmq push tcp://x: zmqsink: lost\nlast error of : zmqsink: gone\n") {
		t.Errorf("the report is\n%s", got)
	}
	if err := books.Shutdown(t.Context()); err == nil || err.Error() != "zmqsink: zmq push tcp://x: lost" {
		t.Errorf("Shutdown: %v", err)
	}
}

// What a source's dead letter and a router both lead to stands below the router.
func TestReportPutsADeadLetterBelowTheRouter(t *testing.T) {
	d := new(diary)
	archive := newPart(d, "archive")
	from := newPart(d, "from", archive)
	books := ledger.New(&feeding{source{sink.Account{Name: "source"}}, from.to}, newPart(d, "router", archive))
	if got, want := lines(books), []string{"source 0 0 0", "router 0 0 0", "archive 0 0 0"}; !slices.Equal(got, want) {
		t.Errorf("the books are %q, want %q", got, want)
	}
}

// feeding is a source with a dead letter.
type feeding struct {
	source
	to []sink.Sink
}

func (f *feeding) Next() []sink.Sink { return f.to }

func TestBalance(t *testing.T) {
	held := sink.Account{Name: "queue", Offered: 3, Held: 3}
	wrong := sink.Account{Name: "wr\nong", Opening: 1, Offered: 5, Done: 3, Dropped: map[string]uint64{"a": 1, "b": 1}, Refused: 2}
	kept := &part{diary: new(diary)}
	kept.account = sink.Account{Name: "spool", Offered: 2, Held: 2}
	kept.shutdown = func(context.Context) error { return &sink.LeftError{Name: "spool", Messages: 2, Where: "spool.db"} }

	books := ledger.New(&source{held}, &source{wrong}, kept)
	const unsound = "wr�ong: the account does not add up: 1 opening + 5 offered, but 3 done + 2 refused + 2 dropped + 0 held"
	if err := books.Balance(); err == nil || err.Error() != unsound {
		t.Errorf("before the end: %v", err)
	}
	if err := books.Shutdown(t.Context()); err == nil || err.Error() != "spool: 2 messages (0 bytes) left undelivered: now in spool.db" {
		t.Errorf("Shutdown: %v", err)
	}
	if err := books.Balance(); err == nil || err.Error() != "queue: still holds 3 messages\n"+unsound {
		t.Errorf("after the end: %v", err)
	}
	if err := ledger.New(&source{sink.Account{Offered: 2, Done: 2}}).Balance(); err != nil {
		t.Error(err)
	}
}

func TestShutdownFollowsTheFlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(diary)
		archive := newPart(d, "archive")
		slow := newPart(d, "slow", archive).slowly(2 * time.Second)
		quick := newPart(d, "quick", archive).slowly(time.Second)
		wrapper := &leaf{to: []sink.Sink{quick}} // has no end, and passes the order on
		client := &generator{newPart(d, "client").slowly(time.Second)}
		router := newPart(d, "router", slow, wrapper)
		books := ledger.New(client, router)
		if err := books.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		got := strings.NewReplacer("+quick +slow", "+slow +quick").Replace(d.String())
		if want := "+client -client +router -router +slow +quick -quick -slow +archive -archive"; got != want {
			t.Errorf("the order is\n%s, want\n%s", got, want)
		}
		if err := books.Shutdown(t.Context()); err != nil || strings.Count(d.String(), "+archive") != 1 {
			t.Errorf("a second Shutdown returned %v and did %v", err, d)
		}
	})
}

// generator is a part that is no sink.
type generator struct{ part *part }

func (g *generator) Account() sink.Account              { return g.part.Account() }
func (g *generator) Shutdown(ctx context.Context) error { return g.part.Shutdown(ctx) }

func TestShutdownOfACircle(t *testing.T) {
	d := new(diary)
	a, b := newPart(d, "a"), newPart(d, "b")
	a.to, b.to = []sink.Sink{b, a}, []sink.Sink{a}
	if err := ledger.New(a).Shutdown(t.Context()); err != nil || d.String() != "+a -a +b -b" {
		t.Errorf("%v, %v", err, d)
	}
}

func TestPartsLeftAtTheDeadlineAreClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(diary)
		last := newPart(d, "last")
		heeds := newPart(d, "heeds", last).slowly(time.Hour)
		hung := make(chan struct{})
		hangs := newPart(d, "hangs", last)
		hangs.shutdown = func(context.Context) error { <-hung; return nil }
		hangs.close = func() error { close(hung); return &sink.LeftError{Name: "hangs", Messages: 7} }
		books := ledger.New(heeds, hangs)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		err := books.Shutdown(ctx)
		if took := time.Since(start); took < 10*time.Second || took > 20*time.Second {
			t.Errorf("Shutdown took %v", took)
		}
		var left *sink.LeftError
		if !errors.As(err, &left) || left.Messages != 7 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the error is %v", err)
		}
		got := strings.Replace(d.String(), "+hangs +heeds", "+heeds +hangs", 1)
		if want := "+heeds +hangs xheeds xhangs xlast"; got != want {
			t.Errorf("the order is %s, want %s", got, want)
		}
	})
}

func TestPartThatNeverEndsIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		p := newPart(new(diary), "never")
		p.shutdown = func(context.Context) error { <-release; return nil }
		p.close = func() error { <-release; return nil }
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := ledger.New(p).Shutdown(ctx); err == nil || err.Error() != "never: does not end" {
			t.Errorf("the error is %v", err)
		}
		close(release)
	})
}

func TestOnlyClose(t *testing.T) {
	closed := 0
	books := ledger.New(&onlyCloser{close: func() error { closed++; return errors.New("disk gone") }})
	err := books.Shutdown(t.Context())
	if closed != 1 || err == nil || err.Error() != "file: disk gone" {
		t.Errorf("closed %d times, %v", closed, err)
	}
}

type onlyCloser struct{ close func() error }

func (*onlyCloser) Account() sink.Account { return sink.Account{Name: "file"} }
func (c *onlyCloser) Close() error        { return c.close() }

func TestLeftErrorIsReportedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := &sink.LeftError{Name: "queue", Messages: 3, Bytes: 100}
		p := newPart(new(diary), "queue")
		p.shutdown = func(ctx context.Context) error { <-ctx.Done(); return left }
		p.close = func() error { return left }
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := ledger.New(p).Shutdown(ctx); err == nil || err.Error() != left.Error() {
			t.Errorf("the error is %v", err)
		}
	})
}
