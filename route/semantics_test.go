package route

import (
	"context"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
)

// What each kind of test means, sentence by sentence of Parse's documentation.
func TestSemantics(t *testing.T) {
	const m = `{"type": "timer", "logger": "sh\u006fp", "severity": 4, "payload": "250", "env_version": "0.8", "metlog_pid": 77,
		"metlog_hostname": "web1", "fields": {"n": 5, "big": 9223372036854775807, "f": 0.10, "s": "5", "t": true, "no": false,
		"nil": null, "o": {"a": "x", "b c": [10, {"d": "deep"}]}, "list": ["p", "q"], "0": "zero", "e\u0078": "escaped", "": "empty"}}`
	tests := []struct {
		name, message string
		holds, not    []string
	}{
		{"text", m,
			[]string{`Type == 'timer'`, `Logger == 'shop'`, `Hostname ^= 'web'`, `EnvVersion >= '0.8'`, `Origin == 'udp 1.2.3.4'`, `Type in ('a', 'timer')`, `Type =~ /^t.*r$/`, `Type != 'x'`, `Type !~ /x/`, `Type > 'time'`, `Type < 'timers'`},
			[]string{`Type == 'Timer'`, `Type == NIL`, `Type in ('a')`, `Type ^= 'imer'`, `Type =~ /^imer/`, `Origin == NIL`}},
		{"a number on text", m, []string{`EnvVersion != 0.8`, `!(Type < 5)`, `!(Type >= 5)`}, []string{`EnvVersion == 0.8`, `Hostname > 1`}},
		{"payload as a number", m, []string{`Payload > 99`, `Payload == 250`, `Payload == 250.0`, `Payload == 2.5e2`, `Payload == '250'`, `Payload < '99'`, `Payload ^= '25'`, `Payload =~ /^\d+$/`}, []string{`Payload == '250.0'`, `Payload < 99`, `Payload == TRUE`}},
		{"a payload that is no number", `{"payload": "250ms"}`, []string{`Payload != 250`}, []string{`Payload == 250`, `Payload > 0`, `Payload <= 0`}},
		{"a payload that is a JSON number", `{"payload": 5.0}`, []string{`Payload == 5`, `Payload == '5.0'`}, []string{`Payload == '5'`, `Payload == NIL`}},
		{"a payload that is an object", `{"payload": {"a": 1}}`, []string{`Payload =~ /a/`, `Payload != NIL`}, []string{`Payload == 1`}},
		{"numbers of fields", m, []string{`Fields[n] == 5`, `Fields[n] == 5.0`, `Fields[n] < 5.5`, `Fields[f] == 0.1`, `Fields[big] == 9223372036854775807`, `Fields[big] > 9223372036854775806`, `Fields[big] != 9223372036854775806`}, []string{`Fields[n] == '5'`, `Fields[s] == 5`, `Fields[s] > 1`, `Fields[n] =~ /5/`, `Fields[n] ^= '5'`, `Fields[n] in ('5')`}},
		{"wrong types satisfy negations", m, []string{`Fields[n] != '5'`, `Fields[s] != 5`, `Fields[n] !~ /5/`, `Fields[o] != 'x'`, `Fields[t] != 'true'`}, []string{`Fields[o] == 'x'`, `Fields[o] < 1`, `Fields[list] == 'p'`}},
		{"booleans", m, []string{`Fields[t] == TRUE`, `Fields[t] != FALSE`, `Fields[no] == FALSE`, `Fields[n] != TRUE`, `Fields[gone] != TRUE`}, []string{`Fields[no] == TRUE`, `Fields[t] == 'true'`, `Fields[n] == TRUE`}},
		{"missing and null", m, []string{`Fields[gone] == NIL`, `Fields[nil] == NIL`, `Fields[gone] != 5`, `Fields[gone] !~ /x/`, `Fields[gone] != 'x'`, `Fields[n] != NIL`, `Fields[no] != NIL`}, []string{`Fields[gone] == ''`, `Fields[gone] < 5`, `Fields[gone] ^= ''`, `Fields[gone] =~ //`, `Fields[gone] in ('')`, `Fields[nil] == 0`}},
		{"steps", m, []string{`Fields[o][a] == 'x'`, `Fields[o]['b c'][0] == 10`, `Fields[o]["b c"][1][d] == 'deep'`, `Fields[list][1] == 'q'`, `Fields[0] == 'zero'`, `Fields[ex] == 'escaped'`, `Fields[''] == 'empty'`, `Fields != NIL`}, []string{`Fields[list][2] != NIL`, `Fields[list][01] == 'q'`, `Fields[list][-1] != NIL`, `Fields[o][0] != NIL`, `Fields[s][0] != NIL`, `Fields == NIL`}},
		{"severity", m, []string{`Severity == Warning`, `Severity == 4`, `Severity <= Warning`, `Severity < 4.5`, `Severity > Error`, `Severity != NIL`, `Severity != 'Warning'`}, []string{`Severity < Warning`, `Severity == NIL`, `Severity == 'Warning'`, `Severity =~ /4/`, `Severity in ('4')`, `Severity > 7`}},
		{"pid", m, []string{`Pid == 77`, `Pid < 100`, `Pid != '77'`}, []string{`Pid == '77'`, `Pid =~ /77/`, `Pid == NIL`}},
		{"members that are no text", `{"type": 7, "payload": 5, "env_version": 0.8}`, []string{`Type == '7'`, `Payload == '5'`, `Payload == 5`, `EnvVersion == '0.8'`}, []string{`Type == 7`, `EnvVersion == 0.8`}},
		{"a pid that is text", `{"metlog_pid": "77"}`, []string{`Pid == 77`}, []string{`Pid == '77'`, `Pid ^= '7'`}},
		{"a pid in fields", `{"fields": {"metlog_pid": 77}}`, []string{`Pid == 77`}, []string{`Pid == NIL`}},
		{"nothing there", `{"timestamp": ""}`, []string{`Type == NIL`, `Type == ''`, `Logger == NIL`, `Logger < 'a'`, `Payload == NIL`, `Payload == ''`, `Payload =~ /^$/`, `Hostname == NIL`, `Hostname in ('')`, `EnvVersion == NIL`, `Pid == NIL`, `Fields == NIL`, `Fields[a] == NIL`, `Severity == Info`}, []string{`Type != NIL`, `Payload == 0`, `Pid == 0`}},
		{"empty is not missing", `{"type": "", "logger": "", "payload": "", "fields": {}}`, []string{`Type != NIL`, `Type == ''`, `Logger != NIL`, `Payload != NIL`, `Fields != NIL`}, []string{`Type == NIL`, `Logger == NIL`, `Payload == NIL`}},
		{"null is missing", `{"type": null, "logger": null, "payload": null, "fields": null}`, []string{`Type == NIL`, `Type == ''`, `Logger == NIL`, `Payload == NIL`, `Fields == NIL`}, nil},
		{"an odd severity is Info", `{"severity": "high"}`, []string{`Severity == Info`}, nil},
		{"the last of two names counts", `{"fields": {"a": 1, "a": 2}}`, []string{`Fields[a] == 2`}, []string{`Fields[a] == 1`}},
		{"logic", m, []string{`TRUE`, `FALSE || TRUE`, `TRUE || FALSE && FALSE`, `!FALSE && TRUE`, `!(TRUE && FALSE)`, `!Type == 'x'`}, []string{`FALSE`, `TRUE && FALSE`, `(TRUE || FALSE) && FALSE`}},
		{"many strings", m, []string{`Type in ('1', '2', '3', '4', '5', '6', '7', '8', '9', 'timer')`}, []string{`Type in ('1', '2', '3', '4', '5', '6', '7', '8', '9', 'x')`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			message := parse(t, tt.message)
			message = message.WithMeta(envelope.Meta{Origin: "udp 1.2.3.4"})
			check := func(expr string, want bool) {
				m, err := Parse(expr)
				if err != nil {
					t.Fatal(err)
				}
				to := &recorder{}
				router := mustNew(t, Rule{Name: "x", When: m, To: to})
				_ = router.Send(context.Background(), []envelope.Message{message})
				if got := len(to.texts) == 1; got != want {
					t.Errorf("%s is %v", expr, got)
				}
				if v := router.Explain(&message)[0]; v.Matched != want {
					t.Errorf("%s is explained as %+v", expr, v)
				}
			}
			for _, expr := range tt.holds {
				check(expr, true)
			}
			for _, expr := range tt.not {
				check(expr, false)
			}
		})
	}
}
