package route

import (
	"bytes"
	"encoding/json"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mozilla-services/metlog-go/envelope"
)

// A spec is an expression as the tests' own naive evaluator, printer and builder know it. They share no code with the
// package.
type spec struct {
	op     string // and, or, not, true, false, or a sign of the text form
	kids   []spec
	member string
	steps  []string
	value  any // right side: nil, bool, string, int64, uint64, float64, envelope.Severity, []string for in
}

// text writes s in the text form, with more parentheses than it takes.
func (s spec) text() string {
	switch s.op {
	case "true", "false":
		return strings.ToUpper(s.op)
	case "not":
		return "! (" + s.kids[0].text() + ")"
	case "and", "or":
		parts := make([]string, len(s.kids))
		for i, kid := range s.kids {
			parts[i] = "(" + kid.text() + ")"
		}
		return strings.Join(parts, map[string]string{"and": "&&", "or": " || "}[s.op])
	}
	path := s.member
	for _, step := range s.steps {
		path += `[ "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(step) + `"]`
	}
	return path + " " + s.op + " " + s.right()
}

func (s spec) right() string {
	quote := func(text string) string { return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"` }
	switch v := s.value.(type) {
	case nil:
		return "NIL"
	case bool:
		return strings.ToUpper(strconv.FormatBool(v))
	case string:
		if s.op == "=~" || s.op == "!~" {
			return "/" + strings.ReplaceAll(v, "/", `\/`) + "/"
		}
		return quote(v)
	case []string:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = quote(v[i])
		}
		return "(" + strings.Join(parts, ",") + ")"
	case envelope.Severity:
		return v.String()
	case int64:
		return strconv.FormatInt(v, 10)
	case uint64:
		return strconv.FormatUint(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	panic("no such value")
}

// build makes s with the combinators.
func (s spec) build() Matcher {
	kids := make([]Matcher, len(s.kids))
	for i := range s.kids {
		kids[i] = s.kids[i].build()
	}
	path := Path(s.member)
	if s.member == "Fields" {
		path = Field(s.steps...)
	}
	switch s.op {
	case "true":
		return And()
	case "false":
		return Or()
	case "and":
		return And(kids...)
	case "or":
		return Or(kids...)
	case "not":
		return Not(kids[0])
	case "==":
		return path.Eq(s.value)
	case "!=":
		return path.Ne(s.value)
	case "<":
		return path.Lt(s.value)
	case "<=":
		return path.Le(s.value)
	case ">":
		return path.Gt(s.value)
	case ">=":
		return path.Ge(s.value)
	case "=~":
		return path.Matches(s.value.(string))
	case "!~":
		return Not(path.Matches(s.value.(string)))
	case "^=":
		return path.HasPrefix(s.value.(string))
	}
	return path.In(s.value.([]string)...)
}

// A naive is a message as encoding/json sees it.
type naive struct {
	members map[string]json.RawMessage
	origin  string
}

func newNaive(text, origin string) naive {
	n := naive{origin: origin}
	if err := json.Unmarshal([]byte(text), &n.members); err != nil {
		panic(err)
	}
	return n
}

func decode(raw json.RawMessage) any {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		panic(err)
	}
	return v
}

// read returns what is at a path: nil, bool, json.Number, string, or anything else.
func (n naive) read(member string, steps []string) any {
	name := map[string]string{"Type": "type", "Logger": "logger", "Severity": "severity", "Payload": "payload",
		"Hostname": "metlog_hostname", "Pid": "metlog_pid", "EnvVersion": "env_version", "Fields": "fields"}[member]
	if member == "Origin" {
		if n.origin == "" {
			return nil
		}
		return n.origin
	}
	raw, ok := n.members[name]
	if !ok {
		return nil
	}
	v := decode(raw)
	for _, step := range steps {
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(at) || strconv.Itoa(i) != step {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}

func (n naive) matches(s spec) bool {
	switch s.op {
	case "true", "false":
		return s.op == "true"
	case "not":
		return !n.matches(s.kids[0])
	case "and":
		return !slices.ContainsFunc(s.kids, func(k spec) bool { return !n.matches(k) })
	case "or":
		return slices.ContainsFunc(s.kids, n.matches)
	case "!=":
		s.op = "=="
		return !n.matches(s)
	case "!~":
		s.op = "=~"
		return !n.matches(s)
	}
	v := n.read(s.member, s.steps)
	if s.member == "Severity" {
		return s.holdsSeverity(v)
	}
	if s.value == nil {
		return v == nil
	}
	number, isNumber := v.(json.Number)
	text, isText := v.(string)
	switch s.member {
	case "Type", "Logger", "Payload", "Hostname", "EnvVersion", "Origin":
		switch {
		case v == nil:
			text = ""
		case !isText: // read as its JSON
			var b bytes.Buffer
			_ = json.Compact(&b, n.members[map[string]string{"Type": "type", "Logger": "logger", "Payload": "payload",
				"Hostname": "metlog_hostname", "EnvVersion": "env_version"}[s.member]])
			text = b.String()
		}
		isNumber = s.member == "Payload" && json.Valid([]byte(text)) && strings.Trim(text, "-0123456789.eE+") == ""
		isText, number = true, json.Number(text)
	case "Pid":
		if isText {
			isNumber = json.Valid([]byte(text)) && strings.Trim(text, "-0123456789.eE+") == ""
			number = json.Number(text)
		}
		isText = false
	}
	switch want := s.value.(type) {
	case bool:
		got, ok := v.(bool)
		return ok && got == want && s.member == "Fields"
	case string:
		return isText && s.holdsText(text, want)
	case []string:
		return isText && slices.Contains(want, text)
	}
	return isNumber && s.holdsOrder(rational(number.String()).Cmp(rational(s.right())))
}

func (s spec) holdsSeverity(v any) bool {
	code := 6
	if v != nil {
		text, _ := v.(string)
		if n, ok := v.(json.Number); ok {
			text = n.String()
		}
		if n, err := strconv.Atoi(text); err == nil && n >= 0 && n <= 7 {
			code = n
		}
	}
	want := new(big.Rat)
	switch v := s.value.(type) {
	case envelope.Severity:
		want.SetInt64(int64(v.Code()))
	case int64, uint64, float64:
		want = rational(s.right())
	default:
		return false
	}
	return s.holdsOrder(new(big.Rat).SetInt64(int64(code)).Cmp(want))
}

func (s spec) holdsText(text, want string) bool {
	switch s.op {
	case "=~":
		return regexp.MustCompile(want).MatchString(text)
	case "^=":
		return len(text) >= len(want) && text[:len(want)] == want
	}
	return s.holdsOrder(bytes.Compare([]byte(text), []byte(want)))
}

func (s spec) holdsOrder(order int) bool {
	return map[string]bool{"==": order == 0, "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[s.op]
}

func rational(text string) *big.Rat {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		panic(text)
	}
	return r
}
