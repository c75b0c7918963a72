package route

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestParsePrints(t *testing.T) {
	tests := map[string]string{ // expression: what it prints as, "" for the same
		"TRUE":                                 "",
		"FALSE":                                "",
		"OTHERWISE":                            "",
		" OTHERWISE\t":                         "OTHERWISE",
		"Type == 'x'":                          "",
		`Type=="x"&&Logger!='y'||Hostname>'z'`: "Type == 'x' && Logger != 'y' || Hostname > 'z'",
		"((Type == 'x'))":                      "Type == 'x'",
		"Type == 'x' && (TRUE || FALSE)":       "",
		"(TRUE && FALSE) || TRUE":              "TRUE && FALSE || TRUE",
		"TRUE && (TRUE && FALSE)":              "TRUE && TRUE && FALSE",
		"!TRUE":                                "",
		"!(Type == 'x')":                       "Type != 'x'",
		"!Type != 'x'":                         "!(Type != 'x')",
		"!(Type =~ /x/)":                       "Type !~ /x/",
		"!Type < 'x'":                          "!(Type < 'x')",
		"! ! TRUE":                             "!!TRUE",
		"!(TRUE && FALSE)":                     "",
		"Severity <= Error":                    "",
		"Severity > 3":                         "",
		"Pid == 42":                            "",
		"Payload >= -12.50e+3":                 "",
		"EnvVersion == '0.8' && Origin ^= 'udp:'": "",
		"Fields == NIL":                            "",
		"Fields[a][0]['b c'] == TRUE":              "",
		"Fields[ \"a\" ][ 0 ][x-y_z.0] != FALSE":   "Fields[a][0][x-y_z.0] != FALSE",
		"Fields[''] == NIL":                        "",
		`Fields['\\\'"'] == '\\\'"'`:               "",
		`Type == "it's"`:                           `Type == 'it\'s'`,
		`Type == "\"\'\\"`:                         `Type == '"\'\\'`,
		"Type in ('a')":                            "",
		"Type in('a',\"b\" , 'c')":                 "Type in ('a', 'b', 'c')",
		`Payload =~ /a\/b\\\/c\d[\/]/`:             "",
		"Payload !~ //":                            "",
		`Payload =~ /\Qa\/b\E/`:                    "",
		"Type == 'a\nb'":                           "",
		"Type == 'é😀'":                             "",
		"Type\n==\r\n'x'\t":                        "Type == 'x'",
		"Type == 'x' && Type in ('x') && TRUE":     "",
		"!(Type == 'x' || !(Severity == Debug)) ":  "!(Type == 'x' || Severity != Debug)",
		"Fields[OTHERWISE] == 'in' && Type > 'in'": "",
	}
	for expr, want := range tests {
		if want == "" {
			want = expr
		}
		t.Run(expr, func(t *testing.T) {
			m, err := Parse(expr)
			if err != nil {
				t.Fatal(err)
			}
			if m.String() != want {
				t.Errorf("prints as %s, want %s", m, want)
			}
			again, err := Parse(m.String())
			if err != nil || !reflect.DeepEqual(again, m) {
				t.Errorf("%s is not what it was: %s, %v", m, again, err)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		name, expr string
		want       string
	}{
		{"nothing", "", "a test is missing at offset 0"},
		{"space", "  ", "a test is missing at offset 2"},
		{"an unknown name", "Typo == 'x'", "nothing is called Typo at offset 0"},
		{"an unknown long name", strings.Repeat("x", 100), "nothing is called " + strings.Repeat("x", 40) + " at offset 0"},
		{"another case", "type == 'x'", "nothing is called type at offset 0"},
		{"a keyword's case", "true", "nothing is called true at offset 0"},
		{"no comparison", "Type", "a comparison is missing at offset 4"},
		{"one equals sign", "Type = 'x'", "a comparison is missing at offset 5"},
		{"no value", "Type ==", "a value is missing at offset 7"},
		{"no value before and", "Type == && TRUE", "a value is missing at offset 8"},
		{"a string without end", "Type == 'x", "the string has no end at offset 8"},
		{"a string without end, escaped", `Type == 'x\'`, "the string has no end at offset 8"},
		{"a string that ends in a backslash", `Type == 'x\`, "the string has no end at offset 8"},
		{"another escape", `Type == 'a\n'`, "only quotes and the backslash have escapes in a string at offset 11"},
		{"a regex without slashes", "Type =~ 'x'", "a regular expression between slashes is missing at offset 8"},
		{"a regex without end", `Type =~ /x\/`, "the regular expression has no end at offset 8"},
		{"a bad regex", "Type =~ /(/", "error parsing regexp: missing closing ): `(` at offset 8"},
		{"a regex as a value", "Type == /x/", "a value is missing at offset 8"},
		{"a prefix that is no string", "Type ^= 5", "^= needs a string at offset 8"},
		{"in without a list", "Type in 'x'", "( is missing at offset 8"},
		{"in of none", "Type in ()", "a string is missing at offset 9"},
		{"in of numbers", "Type in (5)", "a string is missing at offset 9"},
		{"in without end", "Type in ('x' 'y')", ", or ) is missing at offset 13"},
		{"a number with leading zero", "Pid == 01", "a value is missing at offset 7"},
		{"a number with a dot at its end", "Pid == 1.", "a value is missing at offset 7"},
		{"a plus", "Pid == +1", "a value is missing at offset 7"},
		{"an unknown severity", "Severity < Fatal", "no severity is called Fatal; text stands in quotes at offset 11"},
		{"a severity in lower case", "Severity < error", "no severity is called error; text stands in quotes at offset 11"},
		{"a severity elsewhere", "Fields[level] == Error", "only Severity compares with a severity at offset 17"},
		{"an order of NIL", "Payload < NIL", "NIL, TRUE and FALSE go with == and != only at offset 10"},
		{"an order of TRUE", "Fields[a] >= TRUE", "NIL, TRUE and FALSE go with == and != only at offset 13"},
		{"a step without end", "Fields[a == 1", "] is missing at offset 9"},
		{"an empty step", "Fields[] == 1", "a name or an index is missing at offset 7"},
		{"a step of another member", "Payload[a] == 1", "a comparison is missing at offset 7"},
		{"a step that needs quotes", "Fields[é] == 1", "a name or an index is missing at offset 7"},
		{"no closing parenthesis", "(TRUE", ") is missing at offset 5"},
		{"no opening parenthesis", "TRUE)", "&&, || or the end is missing at offset 4"},
		{"one ampersand", "TRUE & TRUE", "&&, || or the end is missing at offset 5"},
		{"nothing after or", "TRUE ||", "a test is missing at offset 7"},
		{"a name goes on", "TRUEx", "nothing is called TRUEx at offset 0"},
		{"OTHERWISE and more", "OTHERWISE && TRUE", "&&, || or the end is missing at offset 10"},
		{"more and OTHERWISE", "TRUE && OTHERWISE", "OTHERWISE does not stand alone at offset 8"},
		{"OTHERWISE in parentheses", "(OTHERWISE)", "OTHERWISE does not stand alone at offset 1"},
		{"invalid UTF-8", "Type == '\xff'", "a string is not valid UTF-8 at offset 8"},
		{"NUL", "\x00", "a test is missing at offset 0"},
		{"too long", "Type == '" + strings.Repeat("x", 4096) + "'", "the expression is longer than 4 KiB at offset 4096"},
		{"too many parentheses", strings.Repeat("(", 65) + "TRUE" + strings.Repeat(")", 65), "the expression is more than 64 deep at offset 65"},
		{"too many negations", strings.Repeat("!", 65) + "TRUE", "the expression is more than 64 deep at offset 65"},
		{"a repetition that explodes", "Payload =~ /((a{100}){100}){100}/", "error parsing regexp: invalid repeat count: `{100}` at offset 11"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := Parse(tt.expr)
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || err.Error() != tt.want {
				t.Errorf("%v, want %s", err, tt.want)
			}
			if m != (Matcher{}) {
				t.Errorf("and yet the matcher %s", m)
			}
		})
	}
}

func TestParseLimits(t *testing.T) {
	for name, expr := range map[string]string{
		"64 parentheses":          strings.Repeat("(", 64) + "TRUE" + strings.Repeat(")", 64),
		"64 negations":            strings.Repeat("!", 64) + "Type == 'x'",
		"64 negated parentheses":  strings.Repeat("!(", 64) + "Type < 'x'" + strings.Repeat(")", 64),
		"many shallow ones":       strings.Repeat("(TRUE)||", 300) + "TRUE",
		"4 KiB":                   "Type == '" + strings.Repeat("x", 4096-10) + "'",
		"an expression of spaces": strings.Repeat(" ", 4092) + "TRUE",
	} {
		t.Run(name, func(t *testing.T) {
			m, err := Parse(expr)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := Parse(m.String()); err != nil || !reflect.DeepEqual(again, m) {
				t.Errorf("printed: %v", err)
			}
		})
	}
}

func TestMustParsePanics(t *testing.T) {
	defer func() {
		if got := recover(); got != `route: MustParse("Type"): a comparison is missing at offset 4` {
			t.Errorf("recovered %v", got)
		}
	}()
	MustParse("Type")
}

// FuzzParse: no text makes Parse panic, and what it reads prints as what it reads the same.
func FuzzParse(f *testing.F) {
	f.Add(`Type == 'a' && !(Fields[a][0]["b c"] =~ /x\/y/ || Severity <= Error) && Logger in ('x', "y")`)
	f.Fuzz(func(t *testing.T, expr string) {
		m, err := Parse(expr)
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(expr) {
				t.Fatalf("%q: %v", expr, err)
			}
			return
		}
		text := m.String()
		if len(text) > maxExpression {
			return // printed with more space than it was written
		}
		again, err := Parse(text)
		if err != nil || !reflect.DeepEqual(again, m) || again.String() != text {
			t.Fatalf("%q prints as %q, which is %s, %v", expr, text, again, err)
		}
		message := parse(t, `{"type": "a", "payload": "5", "fields": {"a": ["x/y", {"b c": 1e3}], "n": null}}`)
		var reasons []string
		matched := m.node().explain(&message, &reasons)
		if n := m.node(); matched && n.impossible(false) || !matched && n.op != opOtherwise && n.impossible(true) {
			t.Fatalf("%q matches: %v, which is impossible", expr, matched)
		}
	})
}
