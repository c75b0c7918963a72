package route

import (
	"errors"
	"math"
	"reflect"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
)

type name string

// Each combinator builds what the text form does.
func TestCombinators(t *testing.T) {
	tests := []struct {
		built Matcher
		text  string
	}{
		{Matcher{}, "TRUE"},
		{And(), "TRUE"},
		{Or(), "FALSE"},
		{And(Type("a")), "Type == 'a'"},
		{Or(Or()), "FALSE"},
		{And(And(Type("a"), Type("b")), Or(Type("c"), Or(Type("d"), Type("e")))), "Type == 'a' && Type == 'b' && (Type == 'c' || Type == 'd' || Type == 'e')"},
		{Not(Type("a", "b")), "!(Type in ('a', 'b'))"},
		{Otherwise, "OTHERWISE"},
		{Or(Otherwise), "OTHERWISE"},
		{Type("a"), "Type == 'a'"},
		{Logger("a", "b"), "Logger in ('a', 'b')"},
		{Path("Type").HasPrefix("a"), "Type ^= 'a'"},
		{Path("Logger").Matches("a|b"), "Logger =~ /a|b/"},
		{Severity.Le(envelope.Error), "Severity <= Error"},
		{Severity.Gt(3), "Severity > 3"},
		{Payload.Eq("a'b"), `Payload == 'a\'b'`},
		{Payload.Ne("a"), "Payload != 'a'"},
		{Payload.Lt(1.5), "Payload < 1.5"},
		{Payload.Ge(float32(0.1)), "Payload >= 0.1"},
		{Payload.Gt(uint64(math.MaxUint64)), "Payload > 18446744073709551615"},
		{PID.Eq(int8(-5)), "Pid == -5"},
		{Hostname.Eq(name("web")), "Hostname == 'web'"},
		{EnvVersion.In("0.8"), "EnvVersion in ('0.8')"},
		{Origin.Eq(nil), "Origin == NIL"},
		{Field().Eq(nil), "Fields == NIL"},
		{Field("a", "0", "b c").Eq(true), "Fields[a][0]['b c'] == TRUE"},
		{Path("Fields[a] [0]").Ne(false), "Fields[a][0] != FALSE"},
		{Payload.Matches(`a/b`), `Payload =~ /a\/b/`},
		{Payload.Matches(`a\/b`), `Payload =~ /a\/b/`},
		{Payload.Matches(`a\\/b`), `Payload =~ /a\\\/b/`},
		{Payload.Matches(`\Qa\/b\E`), `Payload =~ /a\\\/b/`},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			if tt.built.String() != tt.text {
				t.Errorf("prints as %s", tt.built)
			}
			parsed, err := Parse(tt.text)
			if err != nil || !reflect.DeepEqual(parsed, tt.built) {
				t.Errorf("from text it is %s, %v", parsed, err)
			}
		})
	}
}

func TestWhatCannotBeParsedPrints(t *testing.T) {
	f := Func("o'clock", func(*envelope.Message) bool { return true })
	for text, m := range map[string]Matcher{
		`Func("o'clock") && Type == 'a'`: And(f, Type("a")),
		`!Func("o'clock")`:               Not(f),
		"Invalid(\"Payload: error parsing regexp: missing closing ]: `[`\")": Payload.Matches("["),
	} {
		if m.String() != text {
			t.Errorf("prints as %s, want %s", m, text)
		}
		var syntax *SyntaxError
		if _, err := Parse(m.String()); !errors.As(err, &syntax) {
			t.Errorf("Parse reads %s: %v", m, err)
		}
	}
}

// A path prints as itself.
func TestFieldPaths(t *testing.T) {
	for want, steps := range map[Path][]string{
		"Fields":           nil,
		"Fields[a][b]":     {"a", "b"},
		"Fields[0][-1]":    {"0", "-1"},
		"Fields['']":       {""},
		"Fields['é'][']']": {"é", "]"},
		`Fields['\'\\"']['
']`: {`'\"`, "\n"},
	} {
		if got := Field(steps...); got != want {
			t.Errorf("%q is %s", steps, got)
		}
	}
}
