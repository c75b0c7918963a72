package route

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/mozilla-services/metlog-go/sink"
)

func TestParseRules(t *testing.T) {
	x, y := &leaf{name: "x"}, &leaf{name: "y"}
	sinks := map[string]sink.Sink{"x": x, "y-1.z": y}
	rules, err := ParseRules(strings.NewReader("# rules\r\n"+
		"\r\n"+
		"one: Type == 'a -> b # c' -> x\r\n"+
		"  two_2.b-c :Payload =~ /a:\\/\\/-> x/ || Severity <= Error->y-1.z best-effort # last -> x\n"+
		"\t# -> x\n"+
		"rest: OTHERWISE -> x#no"), sinks)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rules {
		got = append(got, fmt.Sprintf("%s: %s -> %s %v", r.Name, r.When, r.To.(*leaf).name, r.BestEffort))
	}
	want := `one: Type == 'a -> b # c' -> x false
two_2.b-c: Payload =~ /a:\/\/-> x/ || Severity <= Error -> y true
rest: OTHERWISE -> x false`
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestParseRulesRefuses(t *testing.T) {
	sinks := map[string]sink.Sink{"x": sink.Discard}
	tests := []struct{ name, text, want string }{
		{"no name", "TRUE -> x", "route: rules line 1: a rule's name and : are missing at offset 5"},
		{"a name with a space", "a b: TRUE -> x", "route: rules line 1: a rule's name and : are missing at offset 2"},
		{"no expression", "a: -> x", "route: rules line 1: rule a: a test is missing at offset 3"},
		{"a bad expression", "\na: Type == -> x", "route: rules line 2: rule a: a value is missing at offset 11"},
		{"no arrow", "a: TRUE x", "route: rules line 1: rule a: &&, || or -> is missing at offset 8"},
		{"no sink", "a: TRUE ->", "route: rules line 1: rule a: a sink's name is missing at offset 10"},
		{"a sink that is not there", "a: TRUE -> z", "route: rules line 1: rule a: sink z is not configured at offset 11"},
		{"a word too many", "a: TRUE -> x y", "route: rules line 1: rule a: the line goes on after its rule at offset 13"},
		{"a misspelt effort", "a: TRUE -> x best-efforts", "route: rules line 1: rule a: the line goes on after its rule at offset 24"},
		{"a name twice", "a: TRUE -> x\n\na: FALSE -> x", "route: rules line 3: rule a: the name is taken by line 1"},
		{"otherwise and more", "a: OTHERWISE && TRUE -> x", "route: rules line 1: rule a: &&, || or -> is missing at offset 13"},
		{"invalid UTF-8", "a: TRUE -> x\xff", "route: rules line 1: rule a: the line goes on after its rule at offset 12"},
		{"several", "a: TRUE -> x\nb\nc: TRUE -> z", "route: rules line 2: a rule's name and : are missing at offset 1\nroute: rules line 3: rule c: sink z is not configured at offset 11"},
		{"a long expression", "a: TRUE -> x\nb: Type == '" + strings.Repeat("x", 4096) + "' -> x", "route: rules line 2: rule b: the expression is longer than 4 KiB at offset 4099"},
		{"a long line", "a: TRUE -> x\n# " + strings.Repeat("x", 6000), "route: rules line 2: longer than 5 KiB"},
		{"many lines", strings.Repeat("\n", 10_001), "route: rules line 10001: more than 10000 lines"},
		{"many errors", strings.Repeat("!\n", 100), "route: rules line 20: a rule's name and : are missing at offset 0\nroute: rules: too many errors, the rest was not read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rules, err := ParseRules(strings.NewReader(tt.text), sinks)
			if err == nil || rules != nil || !strings.HasSuffix(err.Error(), tt.want) {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
	_, err := ParseRules(iotest.ErrReader(errDown), sinks)
	if !errors.Is(err, errDown) {
		t.Errorf("a reader's error: %v", err)
	}
	var syntax *SyntaxError
	if _, err := ParseRules(strings.NewReader("a: Type -> x"), sinks); !errors.As(err, &syntax) || syntax.Offset != 8 {
		t.Errorf("a syntax error: %v", err)
	}
}

func TestParseRulesOfNothing(t *testing.T) {
	rules, err := ParseRules(strings.NewReader("# nothing\n"), nil)
	if err != nil || len(rules) > 0 {
		t.Errorf("%v, %v", rules, err)
	}
}

// What a file may hold at most is read.
func TestParseRulesLimits(t *testing.T) {
	var b strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&b, "rule-%d: Type == 't%d' -> x\n", i, i)
	}
	rules, err := ParseRules(strings.NewReader(b.String()), map[string]sink.Sink{"x": sink.Discard})
	if err != nil || len(rules) != 10_000 {
		t.Fatalf("%d rules, %v", len(rules), err)
	}
	if warnings := mustNew(t, rules...).Check(); len(warnings) > 0 {
		t.Errorf("%v", warnings)
	}
}

// FuzzParseRules: no file makes ParseRules panic, and what it reads it reads again from lines written anew.
func FuzzParseRules(f *testing.F) {
	f.Add("# comment\na: Type == 'x' -> x best-effort # comment\n\nb: OTHERWISE -> y\n")
	sinks := map[string]sink.Sink{"x": &leaf{name: "x"}, "y": &leaf{name: "y"}}
	f.Fuzz(func(t *testing.T, text string) {
		rules, err := ParseRules(strings.NewReader(text), sinks)
		if err != nil {
			if rules != nil || !strings.HasPrefix(err.Error(), "route: rules") {
				t.Fatalf("%q: %v, %v", text, rules, err)
			}
			return
		}
		var b strings.Builder
		for _, r := range rules {
			fmt.Fprintf(&b, "%s: %s -> %s", r.Name, r.When, r.To.(*leaf).name)
			if len(r.When.String()) > maxExpression {
				return // printed with more space than it was written
			}
			if r.BestEffort {
				b.WriteString(" best-effort")
			}
			b.WriteString("\n")
		}
		again, err := ParseRules(strings.NewReader(b.String()), sinks)
		if err != nil || !reflect.DeepEqual(again, rules) {
			t.Fatalf("%q\nis %q\nis %v, %v", text, b.String(), again, err)
		}
		if len(rules) > 0 {
			mustNew(t, rules...).Check()
		}
	})
}
