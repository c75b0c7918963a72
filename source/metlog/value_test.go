package metlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/mozilla-services/metlog-go/internal/secret"
)

type knot struct {
	Name string
	Next *knot
	Any  any
}

type deep struct{ D *deep }

type methods struct{ n int }

func (methods) String() string               { panic("called") }
func (methods) Error() string                { panic("called") }
func (methods) MarshalJSON() ([]byte, error) { panic("called") }
func (methods) MarshalText() ([]byte, error) { panic("called") }
func (methods) Format(fmt.State, rune)       { panic("called") }
func (methods) GoString() string             { panic("called") }

type locked struct {
	sync.Mutex
	n int
}

type dated struct {
	at    time.Time
	While time.Duration
}

func TestValue(t *testing.T) {
	circle := &knot{Name: "a"}
	circle.Next = &knot{Name: "b", Next: circle}
	self := any(nil)
	self = &self
	var typedNil *knot
	at := time.Date(2026, 3, 2, 9, 15, 0, 5, time.FixedZone("x", 3600))
	for _, test := range []struct {
		name  string
		value any
		want  string
	}{
		{"nil", nil, `null`},
		{"bool", true, `true`},
		{"int", -42, `-42`},
		{"large", int64(1) << 60, `"1152921504606846976"`},
		{"unsigned", uint64(math.MaxUint64), `"18446744073709551615"`},
		{"float", 1.5, `1.5`},
		{"float32", float32(0.1), `0.1`},
		{"large float", 1e300, `1e+300`},
		{"NaN", math.NaN(), `"NaN"`},
		{"infinite", math.Inf(-1), `"-Inf"`},
		{"complex", 1 + 2i, `"(1+2i)"`},
		{"text", "Zoë <b>&\"\\\n\t\x00", `"Zoë <b>&\"\\\n\t\u0000"`},
		{"no UTF-8", "a\xffb\xed\xa0\x80", `"a` + "\uFFFDb\uFFFD\uFFFD\uFFFD" + `"`},
		{"bytes", []byte("text"), `"text"`},
		{"no text", []byte{0xff, 0xfe}, `"[]uint8 of 2"`},
		{"identifier", [4]byte{0xde, 0xad, 0, 1}, `"dead0001"`},
		{"large array", [100]byte{}, `"[100]uint8 of 100"`},
		{"slice", []int{1, 2}, `[1,2]`},
		{"nil slice", []int(nil), `null`},
		{"array", [2]string{"a", "b"}, `["a","b"]`},
		{"map", map[string]int{"a": 1}, `"map[string]int of 1"`},
		{"nil map", map[string]int(nil), `null`},
		{"channel", make(chan int, 3), `"chan int of 0"`},
		{"function", func(int) {}, `"func(int)"`},
		{"pointer", new(int), `0`},
		{"typed nil", typedNil, `null`},
		{"unsafe", unsafe.Pointer(circle), `"unsafe.Pointer"`},
		{"struct", knot{Name: "a", Any: []any{1, "b", nil}}, `{"Name":"a","Next":null,"Any":[1,"b",null]}`},
		{"circle", circle, `{"Name":"a","Next":{"Name":"b","Next":"… the same *metlog.knot","Any":null},"Any":null}`},
		{"itself", self, `"… the same *interface {}"`},
		{"methods", methods{1}, `{"n":1}`},
		{"error", errors.New("x"), `{"s":"x"}`},
		{"lock", &locked{n: 1}, `"metlog.locked"`},
		{"context", struct{ ctx context.Context }{Var(context.Background(), "n", 1)}, `{"ctx":"context.Context"}`},
		{"mutex", &sync.Mutex{}, `"sync.Mutex"`},
		{"time", at, `"2026-03-02T08:15:00.000000005Z"`},
		{"hidden time", dated{at, 1500 * time.Millisecond}, `{"at":"2026-03-02T08:15:00.000000005Z","While":"1.5s"}`},
		{"time that nothing leads to", struct{ any }{dated{at: at}}, `{"any":{"at":"time.Time","While":"0s"}}`},
		{"deep", &deep{&deep{&deep{&deep{}}}}, `{"D":{"D":{"D":"… *metlog.deep"}}}`},
		{"file", os.Stdin, `{"file":{"pfd":"poll.FD","name":"/dev/stdin","dirinfo":"atomic.Pointer[os.dirInfo]","nonblock":false,"stdoutOrErr":false,"appendMode":false}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, _ := appendCopy(test.value)
			got := string(text)
			if test.name == "file" { // only that it is not looked into
				if strings.Contains(got, "Sysfd") {
					t.Error(got)
				}
				return
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// Whatever a value is, its text is JSON of about 4 KiB, and some of it is there.
func TestValueIsCapped(t *testing.T) {
	wide := reflect.New(reflect.StructOf(fields(500))).Elem().Interface()
	for _, test := range []struct {
		name  string
		value any
		ends  string
	}{
		{"text", strings.Repeat("é\n", 5<<20), `… (15728640 bytes)"`},
		{"bytes", []byte("a" + strings.Repeat("é", 5<<20)), `… (10485761 bytes)"`},
		{"slice", make([]int, 1_000_000), `"… 999968 more"]`},
		{"texts", []string{strings.Repeat("a", 1000), strings.Repeat("b", 1000), strings.Repeat("c", 5000), strings.Repeat("d", 5000), "e", "f"}, `more"]`},
		{"struct", wide, `"…":"… 245 more"}`},
		{"slices", [][][]int{{make([]int, 99), make([]int, 99), make([]int, 99), make([]int, 99), make([]int, 99), make([]int, 99), make([]int, 99), make([]int, 99), make([]int, 99), make([]int, 99)}}, `more"]]`},
		{"request", &http.Request{Header: http.Header{"Cookie": {"x"}}, Host: "h"}, `}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, _ := appendCopy(test.value)
			got := string(text)
			if len(got) > maxValue+500 || len(got) < 80 || !strings.HasSuffix(got, test.ends) {
				t.Errorf("%d bytes, end in %q", len(got), got[max(0, len(got)-60):])
			}
			checkValue(t, got)
		})
	}
}

func fields(n int) (list []reflect.StructField) {
	for i := range n {
		list = append(list, reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: reflect.TypeFor[int]()})
	}
	return list
}

func checkValue(t *testing.T, text string) {
	t.Helper()
	if !json.Valid([]byte(text)) || !utf8.ValidString(text) {
		t.Errorf("no JSON: %.200q", text)
	}
}

// tear returns half of a pointer to a string, as another goroutine may leave it.
func tear() (torn string) {
	type header struct{ at, len uintptr }
	*(*header)(unsafe.Pointer(&torn)) = header{0x1000, 1 << 20}
	return torn
}

// A fault costs the value only, also in the middle of a panic.
func TestValueFaults(t *testing.T) {
	_, e := caught(t, nil, func(c *Client) {
		ctx, end := Scope(t.Context())
		defer end()
		defer func() { c.Panic(ctx, recover()) }()
		torn := tear()
		Watch(ctx, "torn", &torn)
		Var(ctx, "n", 1)
		throws(throwing{})
	})
	x := e.top()
	vars := x.in(t, "TestValueFaults.func1").Vars
	if text, _ := vars["torn"].(string); !strings.HasPrefix(text, "!PANIC: runtime error: invalid memory address") || vars["n"] != 1.0 {
		t.Errorf("%v", vars)
	}
	c := start(t, hole{}, nil)
	torn := tear()
	c.Exception(Watch(t.Context(), "torn", &torn), errPlain)
	c.Exception(Var(t.Context(), "torn", torn), errPlain)
	if n := c.Damaged(); n != 2 {
		t.Errorf("%d damaged, want 2", n)
	}
	if x.last().Function != "throws" || x.Value != "!PANIC: in Error: no text" {
		t.Errorf("%+v", x)
	}
}

func FuzzValue(f *testing.F) {
	f.Add("text", []byte("bytes"), 1.5, int64(3), 4096)
	f.Add("\xff\x00\"\\", []byte{0xff}, math.NaN(), int64(math.MinInt64), 10)
	f.Add(strings.Repeat("é", 2000), []byte(strings.Repeat("é", 2000)), 1e308, int64(1), 3000)
	f.Fuzz(func(t *testing.T, s string, b []byte, x float64, n int64, limit int) {
		limit = min(max(limit, 0), 1<<16)
		v := &knot{Name: s, Any: []any{b, x, n, map[string]string{s: s}, struct{ PassToken, B string }{s, s}, &n, [3]string{s, s, s}}}
		v.Next = &knot{Name: string(b), Next: v, Any: &v}
		text, _ := appendValue(nil, reflect.ValueOf(v), secret.With(nil), limit)
		got := string(text)
		checkValue(t, got)
		if len(got) > limit+700 {
			t.Errorf("%d bytes, limit %d", len(got), limit)
		}
		safe := string(appendSafe(nil, got, secret.With(nil)))
		checkValue(t, safe)
		if safe != got {
			t.Errorf("not the same when read again:\n%s\n%s", got, safe)
		}
	})
}
