package statsdsink

import (
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
)

func parse(t testing.TB, text string) envelope.Message {
	t.Helper()
	m, err := envelope.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v: %.200s", err, text)
	}
	return m
}

// lineOf returns the lines of one message, without the last newline.
func lineOf(m *envelope.Message, prefix Prefix) (string, error) {
	var p packet
	if err := p.add(0, m, prefix); err != nil {
		return "", err
	}
	return strings.TrimSuffix(string(p.buf), "\n"), nil
}

func TestLine(t *testing.T) {
	for _, test := range []struct{ name, message, want string }{
		{"timer", `{"type":"timer","logger":"shop","payload":"38","fields":{"name":"views.cart","rate":1.0}}`, "shop.views.cart:38|ms"},
		{"counter", `{"type":"counter","logger":"shop","payload":"-2","fields":{"name":"held","rate":0.25}}`, "shop.held:-2|c|@0.25"},
		{"gauge", `{"type":"gauge","logger":"shop","payload":"7","fields":{"name":"queue"}}`, "shop.queue:7|g"},
		{"negative gauge", `{"type":"gauge","logger":"shop","payload":"-7","fields":{"name":"queue"}}`, "shop.queue:0|g\nshop.queue:-7|g"},
		{"negative gauge with rate", `{"type":"gauge","logger":"s","payload":-0.5,"fields":{"name":"q","rate":0.5}}`, "s.q:0|g\ns.q:-0.5|g|@0.5"},
		{"negative zero gauge", `{"type":"gauge","logger":"s","payload":"-0.0","fields":{"name":"q"}}`, "s.q:0|g\ns.q:-0.0|g"},
		{"gauge with plus", `{"type":"gauge","logger":"s","payload":"+5","fields":{"name":"q"}}`, "s.q:5|g"},
		{"no logger", `{"type":"timer","payload":"38","fields":{"name":"n"}}`, "n:38|ms"},
		{"odd logger", `{"type":"timer","logger":"a::b:c|d@e\n","payload":"38","fields":{"name":"n"}}`, "a.b_c_d_e_.n:38|ms"},
		{"logger of dots", `{"type":"timer","logger":"..::.","payload":"38","fields":{"name":"n"}}`, "n:38|ms"},
		{"number payload", `{"type":"timer","logger":"s","payload":12.5,"fields":{"name":"n"}}`, "s.n:12.5|ms"},
		{"beyond 2^53", `{"type":"counter","logger":"s","payload":"12345678901234567890","fields":{"name":"n"}}`, "s.n:12345678901234567890|c"},
		{"exponent", `{"type":"counter","logger":"s","payload":"1e-07","fields":{"name":"n"}}`, "s.n:1e-07|c"},
		{"blanks", `{"type":"counter","logger":"s","payload":" 12 \n","fields":{"name":"n"}}`, "s.n:12|c"},
		{"leading zeros", `{"type":"counter","logger":"s","payload":"007","fields":{"name":"n"}}`, "s.n:7|c"},
		{"no digit before the point", `{"type":"counter","logger":"s","payload":"-.5","fields":{"name":"n"}}`, "s.n:-0.5|c"},
		{"no digit after the point", `{"type":"counter","logger":"s","payload":"5.","fields":{"name":"n"}}`, "s.n:5|c"},
		{"very many digits", `{"type":"counter","logger":"s","payload":"0.` + strings.Repeat("3", 5000) + `","fields":{"name":"n"}}`, "s.n:0.3333333333333333|c"},
		{"name number", `{"type":"counter","logger":"s","payload":"1","fields":{"name":12.0}}`, "s.12.0:1|c"},
		{"escaped name", `{"type":"counter","logger":"s","payload":"1","fields":{"n\u0061me":"\u0061b\u00e9"}}`, "s.ab_:1|c"},
		{"rate as text", `{"type":"counter","logger":"s","payload":"1","fields":{"name":"n","rate":"0.5"}}`, "s.n:1|c|@0.5"},
		{"rate with exponent", `{"type":"counter","logger":"s","payload":"1","fields":{"name":"n","rate":1e-05}}`, "s.n:1|c|@0.00001"},
		{"smallest rate", `{"type":"counter","logger":"s","payload":"1","fields":{"name":"n","rate":0.000001}}`, "s.n:1|c|@0.000001"},
		{"rate too small", `{"type":"counter","logger":"s","payload":"1","fields":{"name":"n","rate":0.0000009}}`, "s.n:1|c"},
		{"rate 0", `{"type":"counter","logger":"s","payload":"1","fields":{"name":"n","rate":0}}`, "s.n:1|c"},
		{"rate 1", `{"type":"counter","logger":"s","payload":"1","fields":{"name":"n","rate":1}}`, "s.n:1|c"},
		{"rate above 1", `{"type":"counter","logger":"s","payload":"1","fields":{"name":"n","rate":2.5}}`, "s.n:1|c"},
		{"negative rate", `{"type":"counter","logger":"s","payload":"1","fields":{"name":"n","rate":-0.5}}`, "s.n:1|c"},
		{"empty rate", `{"type":"counter","logger":"s","payload":"1","fields":{"name":"n","rate":""}}`, "s.n:1|c"},
		{"null rate", `{"type":"counter","logger":"s","payload":"1","fields":{"name":"n","rate":null}}`, "s.n:1|c"},
		{"rate NaN", `{"type":"counter","logger":"s","payload":"1","fields":{"name":"n","rate":"nan"}}`, "s.n:1|c"},
		{"rate that injects", `{"type":"counter","logger":"s","payload":"1","fields":{"name":"n","rate":"0.5\nx:1|c"}}`, "s.n:1|c"},
		{"rate of an object", `{"type":"counter","logger":"s","payload":"1","fields":{"name":"n","rate":{"0.5":1}}}`, "s.n:1|c"},
		{"rate of very many digits", `{"type":"counter","logger":"s","payload":"1","fields":{"name":"n","rate":0.` + strings.Repeat("3", 50) + `}}`, "s.n:1|c|@0.3333333333333333"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := parse(t, test.message)
			got, err := lineOf(&m, PrefixLogger)
			if err != nil || got != test.want {
				t.Errorf("got %q, %v\nwant %q", got, err, test.want)
			}
		})
	}
}

func TestPrefix(t *testing.T) {
	const message = `{"type":"timer","logger":"shop","payload":"38","fields":{"name":"n","logger":"psutil::meminfo"}}`
	for _, test := range []struct {
		prefix        Prefix
		message, want string
	}{
		{PrefixLogger, message, "shop.n:38|ms"},
		{PrefixFieldsLogger, message, "psutil.meminfo.n:38|ms"},
		{PrefixFieldsLogger, `{"type":"timer","logger":"shop","payload":"38","fields":{"name":"n"}}`, "n:38|ms"},
		{PrefixFieldsLogger, `{"type":"timer","payload":"38","fields":{"name":"n","logger":["x"]}}`, "n:38|ms"},
		{NoPrefix, message, "n:38|ms"},
	} {
		m := parse(t, test.message)
		if got, err := lineOf(&m, test.prefix); err != nil || got != test.want {
			t.Errorf("prefix %d: got %q, %v, want %q", test.prefix, got, err, test.want)
		}
	}
}

func TestName(t *testing.T) {
	long := strings.Repeat("n", 2000)
	for _, test := range []struct{ name, logger, metric, want string }{
		{"plain", "", "aZ09_-/%", "aZ09_-/%"},
		{"separators", "", "a::b:c|d@e:::f", "a.b_c_d_e._f"},
		{"line breaks", "", "a\nevil:1|c\r\nb", "a_evil_1_c__b"},
		{"control characters", "", "a\x00b\x1bc\x7fd\u0085e", "a_b_c_d_e"},
		{"a line break in seven bits", "", "aĊevil", "a_evil"},
		{"blanks", "", "a b\tc\u00a0d\u2028e", "a_b_c_d_e"},
		{"tags of other servers", "", "a#b=c;d=e,f=g[h=i]{j}", "a_b_c_d_e_f_g_h_i__j_"},
		{"quotes", "", `a"b'c\d` + "`e", "a_b_c_d_e"},
		{"letters beyond ASCII", "", "café.☃.日本", "caf_._.__"},
		{"invisible", "", "a\u200bb\ufeffc\u202ed", "a_b_c_d"},
		{"replacement character", "", "a\ufffdb", "a_b"},
		{"empty parts", "", "..a...b::::c.::.", "a.b.c"},
		{"path", "", "../../etc/passwd", "/./etc/passwd"},
		{"prefix", "shop", "cart", "shop.cart"},
		{"prefix with dots", ".shop.", ".cart.", "shop.cart"},
		{"long name", "", long, long[:1024]},
		{"long prefix", long, "cart", long[:512] + ".cart"},
		{"both long", long, long, long[:512] + "." + long[:511]},
		{"long parts", "", strings.Repeat("ab.", 1000), strings.Repeat("ab.", 341) + "a"},
		{"long beyond ASCII", "", strings.Repeat("é", 2000), strings.Repeat("_", 1024)},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, err := envelope.Draft{Type: "counter", Logger: test.logger, Payload: "1"}.Seal()
			if err != nil {
				t.Fatal(err)
			}
			buf := appendPath(nil, 0, maxName/2, m.Logger())
			buf = appendPath(buf, 0, maxName, test.metric)
			if string(buf) != test.want {
				t.Errorf("got  %.80q (%d bytes)\nwant %.80q (%d)", buf, len(buf), test.want, len(test.want))
			}
		})
	}
}

func TestRefused(t *testing.T) {
	for _, test := range []struct{ name, message, want string }{
		{"other type", `{"type":"oldstyle","logger":"s","payload":"1","fields":{"name":"n"}}`, `type "oldstyle" is no counter`},
		{"type by case", `{"type":"Timer","payload":"1","fields":{"name":"n"}}`, `type "Timer"`},
		{"no fields", `{"type":"timer","logger":"s","payload":"1"}`, "fields.name"},
		{"fields null", `{"type":"timer","logger":"s","payload":"1","fields":null}`, "fields.name"},
		{"no name", `{"type":"timer","logger":"s","payload":"1","fields":{}}`, "fields.name"},
		{"null name", `{"type":"timer","logger":"s","payload":"1","fields":{"name":null}}`, "fields.name"},
		{"object name", `{"type":"timer","logger":"s","payload":"1","fields":{"name":{"a":1}}}`, "fields.name"},
		{"array name", `{"type":"timer","logger":"s","payload":"1","fields":{"name":["a"]}}`, "fields.name"},
		{"empty name", `{"type":"timer","logger":"s","payload":"1","fields":{"name":""}}`, "fields.name"},
		{"name of dots", `{"type":"timer","logger":"s","payload":"1","fields":{"name":".::."}}`, "fields.name"},
		{"NaN", `{"type":"timer","logger":"s","payload":"NaN","fields":{"name":"n"}}`, `payload "NaN" is no finite`},
		{"bare NaN", `{"type":"timer","logger":"s","payload":NaN,"fields":{"name":"n"}}`, "is no finite"},
		{"infinity", `{"type":"timer","logger":"s","payload":"-inf","fields":{"name":"n"}}`, "is no finite"},
		{"overflow", `{"type":"timer","logger":"s","payload":"1e400","fields":{"name":"n"}}`, "is no finite"},
		{"words", `{"type":"timer","logger":"s","payload":"fast","fields":{"name":"n"}}`, `payload "fast"`},
		{"empty", `{"type":"timer","logger":"s","payload":"","fields":{"name":"n"}}`, "is no finite"},
		{"missing", `{"type":"timer","logger":"s","fields":{"name":"n"}}`, "is no finite"},
		{"null", `{"type":"timer","logger":"s","payload":null,"fields":{"name":"n"}}`, "is no finite"},
		{"bool", `{"type":"timer","logger":"s","payload":true,"fields":{"name":"n"}}`, "is no finite"},
		{"object", `{"type":"timer","logger":"s","payload":{"v":1},"fields":{"name":"n"}}`, "is no finite"},
		{"array", `{"type":"timer","logger":"s","payload":[1],"fields":{"name":"n"}}`, "is no finite"},
		{"hexadecimal", `{"type":"timer","logger":"s","payload":"0x1A","fields":{"name":"n"}}`, "is no finite"},
		{"underscore", `{"type":"timer","logger":"s","payload":"1_000","fields":{"name":"n"}}`, "is no finite"},
		{"tail", `{"type":"timer","logger":"s","payload":"12abc","fields":{"name":"n"}}`, "is no finite"},
		{"injection", `{"type":"timer","logger":"s","payload":"1|c\nevil:1","fields":{"name":"n"}}`, "is no finite"},
		{"only signs", `{"type":"timer","logger":"s","payload":"+-","fields":{"name":"n"}}`, "is no finite"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := parse(t, test.message)
			p := packet{buf: []byte("before\n")}
			err := p.add(0, &m, PrefixLogger)
			if err == nil {
				t.Fatalf("sent as %q", p.buf)
			}
			if string(p.buf) != "before\n" || len(p.lines) != 0 {
				t.Errorf("it left %q in the packet", p.buf)
			}
			for _, part := range []string{test.want, m.Meta().ID.String(), m.Type()} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not say %q", err, part)
				}
			}
			if strings.ContainsAny(err.Error(), "\n\r\x00") {
				t.Errorf("the error is more than a line: %q", err)
			}
		})
	}
}

func TestRefusalIsShort(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	m := parse(t, `{"type":"timer","payload":"`+long+`","fields":{"name":"`+long+`"}}`)
	if _, err := lineOf(&m, PrefixLogger); err == nil || len(err.Error()) > 500 {
		t.Errorf("the error has %d bytes", len(err.Error()))
	}
	if _, err := lineOf(&envelope.Message{}, PrefixLogger); err == nil {
		t.Error("the zero message was sent")
	}
}
