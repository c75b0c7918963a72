package zerologsource

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/internal/bridgetest"
	"github.com/mozilla-services/metlog-go/sink/sinktest"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

func TestLine(t *testing.T) {
	b := newBench(t, nil)
	log := logger(b).With().Str("service", "cart").Logger()
	log.Warn().Int("ms", 1500).Err(errors.New("no space")).Dict("disk", zerolog.Dict().Str("name", "sda")).
		Bool("ok", false).Msg("slow \"disk\"\n")
	m := b.One()
	if m.Type() != envelope.TypeLog || m.Severity() != envelope.Warning || m.Payload() != "slow \"disk\"\n" || m.Logger() != "shop" {
		t.Error(m.JSON())
	}
	want := `{"service":"cart","ms":1500,"error":"no space","disk":{"name":"sda"},"ok":false}`
	if got := bridgetest.Fields(m); got != want {
		t.Errorf("fields are %s, want %s", got, want)
	}
}

func TestSplice(t *testing.T) {
	for _, test := range []struct{ name, line, payload, fields string }{
		{"nothing", `{}`, "", `{}`},
		{"only the level", `{"level":"info"}`, "", `{}`},
		{"no level", `{"a":1,"message":"m"}`, "m", `{"a":1}`},
		{"in the middle", `{"a":1,"level":"info","b":[1,{"message":"no"}],"message":"m","c":null}`, "m", `{"a":1,"b":[1,{"message":"no"}],"c":null}`},
		{"another level", `{"level":"gold","a":1}`, "", `{"level":"gold","a":1}`},
		{"a level of the application", `{"level":"info","level":"gold"}`, "", `{"level":"gold"}`},
		{"level twice", `{"level":"info","level":"info"}`, "", `{"level":"info"}`},
		{"message twice", `{"message":"body","message":"text"}`, "text", `{"message":"body"}`},
		{"message thrice", `{"message":"a","message":"b","message":"c"}`, "c", `{"message":"b"}`},
		{"message of another type", `{"message":{"a":1}}`, "", `{"message":{"a":1}}`},
		{"time of another format", `{"time":"noon","message":"m"}`, "m", `{"time":"noon"}`},
		{"time of another type", `{"time":[1]}`, "", `{"time":[1]}`},
		{"names twice", `{"a":1,"b":2,"a":3,"c":{"d":4},"b":5,"a":6}`, "", `{"c":{"d":4},"b":5,"a":6}`},
		{"empty name", `{"":1,"message":""}`, "", `{"":1}`},
		{"escaped name", `{"a\"b":1,"m\u0065ssage":"m"}`, "m", `{"a\"b":1}`},
		{"escapes", `{"message":"\b\f\n\r\t\"\\\/\u00e9\ud83d\ude00\ud83d!"}`, "\b\f\n\r\t\"\\/é😀\uFFFD!", `{}`},
		{"blanks", " { \"a\" : 1 ,\t\"message\" : \"m\" } \n", "m", `{"a" : 1}`},
		{"stack that is none", `{"stack":"production"}`, "", `{"stack":"production"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, nil)
			if n, err := b.WriteLevel(zerolog.InfoLevel, []byte(test.line)); n != len(test.line) || err != nil {
				t.Errorf("WriteLevel: %d, %v", n, err)
			}
			m := b.One()
			if m.Payload() != test.payload || bridgetest.Fields(m) != test.fields || m.Type() != envelope.TypeLog {
				t.Errorf("got %s, want payload %q and fields %s", m.JSON(), test.payload, test.fields)
			}
			if a := b.Client.Account(); a.Refused != 0 {
				t.Errorf("%d refused", a.Refused)
			}
		})
	}
}

func TestManyNames(t *testing.T) {
	b := newBench(t, nil)
	event := logger(b).Log()
	for i := range 10_000 {
		event.Int("n"+strconv.Itoa(i%5000), i)
	}
	event.Msg("many")
	m := b.One()
	v, ok := m.Field("n17")
	if n, _ := v.Int(); !ok || n != 5017 || m.Payload() != "many" {
		t.Errorf("n17 is %s", v.JSON())
	}
}

func TestRepairs(t *testing.T) {
	b := newBench(t, nil)
	logger(b).Info().RawJSON("a", []byte("{\n\t\"b\": NaN\r\n}")).RawJSON("c", []byte("\"\xff\"")).Msg("m")
	m := b.One()
	if got, want := bridgetest.Fields(m), `{"a":{"b": null},"c":"`+"\uFFFD"+`"}`; got != want || m.Payload() != "m" {
		t.Errorf("fields are %s, want %s", got, want)
	}
}

func TestWhole(t *testing.T) {
	cbor := "\xbf\x65level\x64warn\x61a\x01\x67message\x61m\xff" // as binary_log writes it
	for _, test := range []struct{ name, line, payload, fields string }{
		{"RawJSON of no JSON", `{"level":"warn","a":nope,"message":"m"}`, "", `{}`},
		{"RawJSON that ends the object", `{"a":1},"b":2}`, "", `{}`},
		{"RawJSON that begins a line", "{\"a\":1}\n{\"level\":\"fatal\"}", "", `{}`},
		{"number", `{"a":01}`, "", `{}`},
		{"brackets", `{"a":[1}],"b":2}`, "", `{}`},
		{"no object", `[1]`, "", `{}`},
		{"text", `hello`, "", `{}`},
		{"truncated", `{"a":1,"mess`, "", `{}`},
		{"truncated after an escape", `{"a":"b\`, "", `{}`},
		{"no value", `{"a":}`, "", `{}`},
		{"no colon", `{"a" 1}`, "", `{}`},
		{"comma", `{"a":1,}`, "", `{}`},
		{"control", "{\"a\":\"\x01\"}", "", `{}`},
		{"too deep", `{"a":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, "", `{}`},
		{"CBOR", cbor, base64.StdEncoding.EncodeToString([]byte(cbor)), `{"encoding":"base64"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t, nil)
			if test.payload == "" {
				test.payload = test.line
			}
			p := []byte(test.line + "\n")
			if n, err := b.WriteLevel(zerolog.WarnLevel, p); n != len(p) || err != nil {
				t.Errorf("WriteLevel: %d, %v", n, err)
			}
			m := b.One()
			if a := b.Client.Account(); a.Offered != 1 || a.Done != 1 {
				t.Errorf("one line, and the books say %+v", a)
			}
			if m.Payload() != test.payload || bridgetest.Fields(m) != test.fields || m.Severity() != envelope.Warning || m.Type() != envelope.TypeLog {
				t.Errorf("got %s, want payload %q and fields %s", m.JSON(), test.payload, test.fields)
			}
		})
	}
}

func TestWriteReadsLevels(t *testing.T) {
	b := newBench(t, nil)
	lines := `{"level":"error","message":"a"}` + "\n" + `{"message":"b"}` + "\n" + `{"level":"gold"}` + "\n" + `{"level":7,"message":"c"}` + "\n\n"
	if n, err := b.Write([]byte(lines)); n != len(lines) || err != nil {
		t.Errorf("Write: %d, %v", n, err)
	}
	all := b.All()
	var got []string
	for i := range all {
		got = append(got, all[i].Severity().String()+" "+all[i].Payload()+" "+bridgetest.Fields(&all[i]))
	}
	want := []string{`Error a {}`, `Info b {}`, `Info  {"level":"gold"}`, `Info c {"level":7}`}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q, want %q", got, want)
	}

	rest := "{\"message\":\"d\"}\nhalf a li"
	if n, err := b.Write([]byte(rest)); n != len(rest) || err != nil {
		t.Errorf("Write: %d, %v", n, err)
	}
	if all := b.All(); len(all) != 2 || all[1].Payload() != "half a li" {
		t.Errorf("got %d messages", len(all))
	}
	if n, err := b.Write(nil); n != 0 || err != nil || len(b.All()) != 0 {
		t.Errorf("Write of nothing: %d, %v", n, err)
	}
}

// What is broken costs itself, not what stands behind it.
func TestWriteOfBrokenLines(t *testing.T) {
	for _, test := range []struct{ lines, want string }{
		{"{\"message\":\"a\"}\nhalf a li\n{\"message\":\"b\"}\n", "a|half a li|b"},
		{"half\n\n  a line\n{\"message\":\"b\"}", "half|a line|b"},
		{"{\"a\":nope}\n{\"message\":\"b\"}\n", `{"a":nope}|b`},
		{"{\"a\":1},\"b\":2}\n{\"message\":\"b\"}\n", `{"a":1},"b":2}|b`},
		{"{\"message\":\"a\"}{\"message\":\"b\"} \r\n{\"message\":\"c\"}", "a|b|c"},
		{"{\"a\":\n1,\"message\":\"a\"}\n{\"message\":\"b\"}", "a|b"},
		{"{\"a\":\"\n{\"message\":\"b\"}\n", `{"a":"|b`},
	} {
		b := newBench(t, nil)
		if n, err := b.Write([]byte(test.lines)); n != len(test.lines) || err != nil {
			t.Errorf("Write: %d, %v", n, err)
		}
		var got []string
		all := b.All()
		for i := range all {
			got = append(got, all[i].Payload())
		}
		if text := strings.Join(got, "|"); text != test.want {
			t.Errorf("%q became %q, want %q", test.lines, text, test.want)
		}
	}
}

func TestSeverityPanics(t *testing.T) {
	b := newBench(t, &Options{Severity: func(zerolog.Level) envelope.Severity { panic("no severity") }})
	log := logger(b)
	log.Warn().Msg("m")
	if m := b.One(); m.Severity() != envelope.Warning {
		t.Error(m.JSON())
	}
	log.Warn().RawJSON("a", []byte("nope")).Send()
	if m := b.One(); m.Severity() != envelope.Warning {
		t.Error(m.JSON())
	}
}

func TestSeverities(t *testing.T) {
	before := zerolog.GlobalLevel()
	zerolog.SetGlobalLevel(-128)
	defer zerolog.SetGlobalLevel(before)
	for level, want := range map[zerolog.Level]envelope.Severity{
		-2: envelope.Debug, zerolog.TraceLevel: envelope.Debug, zerolog.DebugLevel: envelope.Debug, zerolog.InfoLevel: envelope.Info,
		zerolog.NoLevel: envelope.Info, zerolog.WarnLevel: envelope.Warning, zerolog.ErrorLevel: envelope.Error,
		zerolog.FatalLevel: envelope.Critical, zerolog.PanicLevel: envelope.Critical, 9: envelope.Critical,
	} {
		b := newBench(t, nil)
		log := logger(b).Level(-128)
		log.WithLevel(level).Send()
		if m := b.One(); m.Severity() != want || bridgetest.Fields(m) != "{}" {
			t.Errorf("level %d: %s, want %v", level, m.JSON(), want)
		}
	}
	b := newBench(t, &Options{Severity: func(zerolog.Level) envelope.Severity { return envelope.Alert }})
	log := logger(b)
	log.Info().Msg("m")
	if m := b.One(); m.Severity() != envelope.Alert {
		t.Error(m.JSON())
	}
}

func TestRenamed(t *testing.T) {
	set(t, &zerolog.LevelFieldName, "lvl")
	set(t, &zerolog.MessageFieldName, "msg \"é\"")
	set(t, &zerolog.TimestampFieldName, "@t")
	set(t, &zerolog.ErrorStackFieldName, "trace")
	set(t, &zerolog.ErrorFieldName, "err")
	set(t, &zerolog.LevelFieldMarshalFunc, func(l zerolog.Level) string { return "L" + strconv.Itoa(int(l)) })
	set(t, &zerolog.TimestampFunc, func() time.Time { return noon })
	set(t, &zerolog.TimeFieldFormat, time.RFC3339Nano)
	b := newBench(t, nil)
	log := logger(b).With().Timestamp().Logger()
	log.Error().Str("level", "a").Str("message", "b").Str("time", "c").Err(io.EOF).Msg("text")
	m := b.One()
	if at, _ := m.Timestamp(); m.Payload() != "text" || bridgetest.Fields(m) != `{"level":"a","message":"b","time":"c","err":"EOF"}` || !at.Equal(noon.Truncate(time.Microsecond)) {
		t.Error(m.JSON())
	}
	log.Error().RawJSON("trace", []byte(`[{"func":"f","source":"x.go","line":"3"}]`)).Send()
	if m := b.One(); m.Type() != envelope.TypeException {
		t.Error(m.JSON())
	}
	if _, err := b.Write([]byte(`{"lvl":"L3"}`)); err != nil {
		t.Fatal(err)
	}
	if m := b.One(); m.Severity() != envelope.Error {
		t.Error(m.JSON())
	}
}

func TestTimes(t *testing.T) {
	local := time.FixedZone("", 2*3600+1800)
	for _, test := range []struct {
		name, format string
		at, want     time.Time // zero: the clock's
	}{
		{"RFC 3339", time.RFC3339, noon, noon.Truncate(time.Second)},
		{"another zone", time.RFC3339, noon.In(local), noon.Truncate(time.Second)},
		{"nanoseconds", time.RFC3339Nano, noon, noon.Truncate(time.Microsecond)},
		{"seconds since 1970", zerolog.TimeFormatUnix, noon, noon.Truncate(time.Second)},
		{"milliseconds", zerolog.TimeFormatUnixMs, noon, noon.Truncate(time.Millisecond)},
		{"microseconds", zerolog.TimeFormatUnixMicro, noon, noon.Truncate(time.Microsecond)},
		{"nanoseconds since 1970", zerolog.TimeFormatUnixNano, noon, noon.Truncate(time.Microsecond)},
		{"before 1970", zerolog.TimeFormatUnixMs, time.UnixMilli(-1500), time.UnixMilli(-1500)},
		{"no zone", "2006-01-02 15:04:05.000", noon.Local(), noon.Truncate(time.Millisecond)},
		{"no date", time.Kitchen, noon, time.Time{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			set(t, &zerolog.TimeFieldFormat, test.format)
			set(t, &zerolog.TimestampFunc, func() time.Time { return test.at })
			b := newBench(t, nil)
			log := logger(b).With().Timestamp().Logger()
			before := time.Now().Truncate(time.Microsecond)
			log.Info().Msg("m")
			m := b.One()
			got, ok := m.Timestamp()
			if test.want.IsZero() {
				if got.Before(before) || bridgetest.Fields(m) == "{}" {
					t.Error(m.JSON())
				}
				return
			}
			if !ok || !got.Equal(test.want) || bridgetest.Fields(m) != "{}" {
				t.Errorf("got %s, want %v", m.JSON(), test.want)
			}
		})
	}
}

// The bubble's clock begins at a whole second.
func TestSecondThatIsNotOver(t *testing.T) {
	for late, want := range map[time.Duration]string{
		0:                      "2000-01-01T00:00:00.000000Z",
		999 * time.Millisecond: "2000-01-01T00:00:00.999000Z",
		time.Second:            "2000-01-01T00:00:00.000000Z",
		-time.Second:           "2000-01-01T00:00:01.000000Z",
	} {
		synctest.Test(t, func(t *testing.T) {
			line := `{"time":"` + time.Now().Add(max(-late, 0)).Format(time.RFC3339) + `"}`
			time.Sleep(max(late, 0))
			b := newBench(t, nil)
			if _, err := b.WriteLevel(zerolog.InfoLevel, []byte(line)); err != nil {
				t.Fatal(err)
			}
			if v, _ := b.One().Member("timestamp"); v.String() != want {
				t.Errorf("%v late: %s, want %s", late, v, want)
			}
			_ = b.Client.Close()
		})
	}
}

func TestEndings(t *testing.T) {
	t.Run("panic", func(t *testing.T) {
		b := newBench(t, nil)
		log := logger(b)
		func() {
			defer func() {
				if thrown := recover(); thrown != "boom" {
					t.Errorf("thrown was %v", thrown)
				}
			}()
			log.Panic().Msg("boom")
		}()
		if n := b.Sent.Len(); n != 1 {
			t.Errorf("%d messages arrived before the panic went on", n)
		}
	})
	t.Run("close", func(t *testing.T) {
		b := newBench(t, nil)
		log := logger(b)
		log.Info().Msg("a")
		if err := b.Close(); err != nil || b.Sent.Len() != 1 {
			t.Errorf("Close: %v, %d messages", err, b.Sent.Len())
		}
		log.Info().Msg("b")
		if err := errors.Join(b.Close(), b.Close()); err != nil || b.Sent.Len() != 2 {
			t.Errorf("Close: %v, %d messages", err, b.Sent.Len())
		}
	})
	t.Run("after shutdown", func(t *testing.T) {
		b := newBench(t, nil)
		log := logger(b)
		if err := b.Client.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		log.Info().Msg("late")
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		if a := b.Client.Account(); a.Dropped["closed"] != 1 {
			t.Errorf("%+v", a)
		}
	})
	t.Run("stalled", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, nil)
			release := make(chan struct{})
			b.Sent.Plan(sinktest.Block(release))
			start := time.Now()
			line := []byte(`{"level":"fatal"}`)
			n, err := b.WriteLevel(zerolog.FatalLevel, line)
			if waited := time.Since(start); n != len(line) || !says(err, "zerologsource: not sent within 2s: ") || waited != 2*time.Second {
				t.Errorf("WriteLevel: %d, %v after %v", n, err, waited)
			}
			if err := b.Close(); !says(err, "zerologsource: not sent within 2s: ") || time.Since(start) != 4*time.Second {
				t.Errorf("Close: %v after %v", err, time.Since(start))
			}
			close(release)
		})
	})
}

func says(err error, prefix string) bool {
	return errors.Is(err, context.DeadlineExceeded) && strings.HasPrefix(err.Error(), prefix)
}

const childVariable = "ZEROLOGSOURCE_TEST_CHILD"

// endingChild is a program that logs and ends.
func endingChild(path string) {
	out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	m, err := metlog.New(fileSink{out}, nil)
	if err != nil {
		panic(err)
	}
	log := zerolog.New(zerolog.MultiLevelWriter(io.Discard, New(m, nil)))
	log.Info().Msg("going")
	log.Fatal().Msg("gone")
}

func TestFatalArrives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sent")
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childVariable+"="+path)
	out, err := child.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Fatalf("the child ended with %v: %s", err, out)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if lines := bytes.Split(bytes.TrimSpace(text), []byte("\n")); len(lines) != 2 || !bytes.Contains(lines[1], []byte("gone")) {
		t.Errorf("what arrived is %s", text)
	}
}

func TestMultiLevelWriter(t *testing.T) {
	b := newBench(t, nil)
	var text bytes.Buffer
	log := zerolog.New(zerolog.MultiLevelWriter(&text, b.Writer, shortWriter{}))
	set(t, &zerolog.ErrorHandler, func(err error) {
		if !errors.Is(err, io.ErrShortWrite) {
			t.Error(err)
		}
	})
	log.Error().Str("a", "b").Msg("m")
	m := b.One()
	if m.Severity() != envelope.Error || m.Payload() != "m" || bridgetest.Fields(m) != `{"a":"b"}` {
		t.Error(m.JSON())
	}
	if text.String() != `{"level":"error","a":"b","message":"m"}`+"\n" {
		t.Errorf("the other writer got %s", &text)
	}
}

type shortWriter struct{}

func (shortWriter) Write(p []byte) (int, error) { return len(p) / 2, nil }

func TestKeepsNothing(t *testing.T) {
	b := newBench(t, nil)
	for _, line := range []string{
		`{"level":"info","a":"` + strings.Repeat("x", 100<<10) + `","message":"m"}`, `{"level":"info","a":1,"message":"m"}`, `{"a":nope}`,
		`{"level":"panic","message":"m"}`,
	} {
		p := []byte(line)
		if _, err := b.WriteLevel(zerolog.InfoLevel, p); err != nil {
			t.Fatal(err)
		}
		if string(p) != line {
			t.Errorf("the line was changed to %s", p)
		}
		clear(p)
		if m := b.One(); strings.Contains(m.JSON(), "\x00") || strings.Contains(m.JSON(), `\u0000`) {
			t.Error(m.JSON())
		}
	}
}

func TestConcurrent(t *testing.T) {
	b := newBench(t, nil)
	log := logger(b)
	const writers, lines = 8, 200
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range lines {
				log.Info().Int("w", w).Int("i", i).Msg(strconv.Itoa(w*lines + i))
			}
		})
	}
	all.Wait()
	seen := make(map[string]bool)
	for _, m := range b.All() {
		w, _ := m.Field("w")
		i, _ := m.Field("i")
		nw, _ := w.Int()
		ni, _ := i.Int()
		if m.Payload() != strconv.Itoa(int(nw*lines+ni)) {
			t.Fatalf("mixed up: %s", m.JSON())
		}
		seen[m.Payload()] = true
	}
	if len(seen) != writers*lines {
		t.Errorf("%d lines, want %d", len(seen), writers*lines)
	}
}

func TestNilClient(t *testing.T) {
	defer func() {
		if thrown, _ := recover().(string); !strings.Contains(thrown, "nil client") {
			t.Errorf("thrown was %q", thrown)
		}
	}()
	New(nil, nil)
}

// A time that no timestamp can hold stays a field.
func TestTimesOfNoYear(t *testing.T) {
	set(t, &zerolog.TimeFieldFormat, zerolog.TimeFormatUnix)
	for _, at := range []string{"9223372036854775807", "-9223372036854775808", "253402300800", "-62135596801"} {
		for _, level := range []zerolog.Level{zerolog.InfoLevel, zerolog.PanicLevel} {
			b := newBench(t, nil)
			if _, err := b.WriteLevel(level, []byte(`{"time":`+at+`}`)); err != nil {
				t.Error(err)
			}
			m := b.One()
			stamped, _ := m.Timestamp()
			if age := time.Since(stamped); bridgetest.Fields(m) != `{"time":`+at+`}` || age < 0 || age > time.Hour {
				t.Error(m.JSON())
			}
		}
	}
}
