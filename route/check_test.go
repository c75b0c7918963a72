package route

import (
	"slices"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
	"github.com/mozilla-services/metlog-go/sink"
)

func TestCheck(t *testing.T) {
	possible := []string{
		"TRUE", "Type == 'a'", "Type == 'a' || Type == 'b'", "Type in ('a', 'b') && Type in ('b', 'c')", "Type == '' && Type == NIL",
		"Payload == 1 && Payload == '1'", "Fields[a] == 1 && Fields[b] == 2", "Fields[a] != 1 && Fields[a] != 2", "Fields[a] == 1 && Fields[a] == 1.0",
		"Severity >= Error && Severity <= Error", "FALSE || Type == 'a'", "Fields[a] > 1 && Fields[a] < 5", "Payload =~ /a/ && Payload =~ /b/",
		"!(Type == 'a' && Type == 'b')", "Type == 'a' && Type != 'b'", "Fields[a] != 1 || Fields[a] == 1", "Pid == 5", "Fields == 'x'",
		"Payload == 'a' && (Payload == 'a' || Payload == 'b')",
	}
	impossible := []string{
		"FALSE", "!TRUE", "TRUE && FALSE", "FALSE || FALSE", "Type == 'a' && Type == 'b'", "Type in ('a', 'b') && Type in ('c', 'd')",
		"Type == 'a' && Type == NIL", "Logger == 'a' && Logger == 'b' && TRUE", "Severity < Error && Severity > Error", "Severity > Debug", "Severity == NIL",
		"Severity == 'Error'", "Severity == 3.5", "Type == 5", "Hostname < 5", "Payload == TRUE", "Pid == '5'", "Pid =~ /5/", "Severity in ('3')",
		"Type == 'a' && Type != 'a'", "Fields[a] == 1 && Fields[a] == 2", "Fields[a] == 1 && Fields[a] == '1'", "Fields[a] == NIL && Fields[a] == TRUE",
		"Fields[a] in ('x', 'y') && Fields[a] == 'z'", "Payload == 'a' && Payload == 'b'", "Fields[a] > 1 && !(Fields[a] > 1)", "!(Type == 'a' || Type != 'a')",
		"(Type == 'a' && Type == 'b') || FALSE", "Payload == 1 && Payload == 2", "Fields[a] == 1 && (Payload == 1 && Payload == 2 || Payload == 3 && Payload == 4)", "Payload =~ /a/ && Payload !~ /a/",
	}
	warnings := func(expr string) []string {
		return mustNew(t, Rule{Name: "x", When: MustParse(expr), To: sink.Discard}).Check()
	}
	for _, expr := range possible {
		if got := warnings(expr); len(got) > 0 {
			t.Errorf("%s: %v", expr, got)
		}
	}
	for _, expr := range impossible {
		if got := warnings(expr); len(got) != 1 || !strings.HasPrefix(got[0], "rule x: can never match: ") {
			t.Errorf("%s: %v", expr, got)
		}
	}
}

func TestCheckComparesRules(t *testing.T) {
	x, y := &leaf{}, &leaf{}
	rest := Rule{Name: "rest", When: Otherwise, To: x}
	tests := []struct {
		name  string
		rules []Rule
		want  string
	}{
		{"an otherwise that may match", []Rule{rest, {Name: "a", When: Type("a"), To: x}}, ""},
		{"an otherwise beside the zero matcher", []Rule{rest, {Name: "a", To: y}}, "rule rest: can never match, since rule a matches everything"},
		{"an otherwise beside a tautology", []Rule{{Name: "a", When: MustParse("Type == 'a' || Type != 'a'"), To: y}, rest}, "rule rest: can never match, since rule a matches everything"},
		{"an otherwise beside a func", []Rule{{Name: "a", When: Func("all", func(*envelope.Message) bool { return true }), To: y}, rest}, ""},
		{"twins", []Rule{{Name: "a", When: Type("a"), To: x}, {Name: "b", When: MustParse("Type=='a'"), To: x, BestEffort: true}}, "rule b: sends the same messages to the same sink as rule a"},
		{"twins with two sinks", []Rule{{Name: "a", When: Type("a"), To: x}, {Name: "b", When: Type("a"), To: y}}, ""},
		{"two otherwises", []Rule{rest, {Name: "b", When: Otherwise, To: y}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(mustNew(t, tt.rules...).Check(), "\n"); got != tt.want {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestExplain(t *testing.T) {
	rule := func(name, expr string) Rule { return Rule{Name: name, When: MustParse(expr), To: sink.Discard} }
	router := mustNew(t,
		rule("rest", "OTHERWISE"),
		rule("and", "Type == 'a' && Severity <= Error && Payload > 5"),
		rule("or", "Type == 'x' || Fields[n] == 5 || FALSE"),
		rule("neither", "Type == 'x' || Fields[gone] == TRUE"),
		rule("not", "!(Type in ('a', 'b')) || Fields[n] != 5"),
		rule("object", "Fields == 'x'"),
		Rule{Name: "func", When: Func("f", func(*envelope.Message) bool { return true }), To: sink.Discard},
		rule("all", "TRUE"),
	)
	want := []Verdict{
		{"rest", false, "rule or matches"},
		{"and", false, "Severity <= Error is false: it is 6"},
		{"or", true, "Fields[n] == 5 is true: it is 5"},
		{"neither", false, "Type == 'x' is false: it is 'a'; Fields[gone] == TRUE is false: it is NIL"},
		{"not", false, "Type in ('a', 'b') is true: it is 'a'; Fields[n] != 5 is false: it is 5"},
		{"object", false, "Fields == 'x' is false: it is an object or an array"},
		{"func", true, `Func("f") is true`},
		{"all", true, "TRUE"},
	}
	m := parse(t, `{"type": "a", "payload": "7", "fields": {"n": 5}}`)
	if got := router.Explain(&m); !slices.Equal(got, want) {
		for i := range got {
			t.Errorf("%+v", got[i])
		}
	}
}

// A reason is one line of bounded length, whatever the message and the rules hold.
func TestExplainIsOneShortLine(t *testing.T) {
	when := Payload.Ne("a\nb")
	for range 100 {
		when = And(when, Payload.Ne(strings.Repeat("\r\x1b", 30)))
	}
	router := mustNew(t, Rule{Name: "x", When: when, To: sink.Discard})
	m := parse(t, `{"payload": "`+strings.Repeat(`\n\u001b[31m\u202e`, 50)+`"}`)
	why := router.Explain(&m)[0].Why
	if len(why) > 1024 || strings.ContainsAny(why, "\n\r\x1b\u202e") || !strings.HasPrefix(why, "Payload != 'a\uFFFDb' is true") {
		t.Errorf("%d bytes: %q", len(why), why)
	}
}
