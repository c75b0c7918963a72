package jsontext

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/mozilla-services/metlog-go/envelope"
)

func TestScan(t *testing.T) {
	const text = `{ "a" : [ 1 , {"b":"]"} , "x\"y" ] , "c":{},"d":"e" }`
	var names, values []string
	for name, value := range Members(text) {
		names, values = append(names, Unquote(name)), append(values, value)
	}
	if !reflect.DeepEqual(names, []string{"a", "c", "d"}) || !reflect.DeepEqual(values, []string{`[ 1 , {"b":"]"} , "x\"y" ]`, `{}`, `"e"`}) {
		t.Errorf("%q, %q", names, values)
	}
	var list []string
	for element := range Elements(values[0]) {
		list = append(list, element)
	}
	if !reflect.DeepEqual(list, []string{"1", `{"b":"]"}`, `"x\"y"`}) {
		t.Errorf("%q", list)
	}
	for range Members(values[0]) {
		t.Error("an array has members")
	}
	for range Elements(text) {
		t.Error("an object has elements")
	}
	for range Members(text) {
		break
	}
	for range Elements(values[0]) {
		break
	}
	if Member(text, "c") != "{}" || Member(text, "x") != "" || !IsEmpty("{ }") || IsEmpty("[1]") || IsEmpty("7") || Is("", '{') {
		t.Error("wrong members")
	}
}

// Of whatever envelope finds valid, the parts are what encoding/json says they are.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{`{"a":[1,-2e3,{"b\"":"\\"}],"c" : {} , "\ud83d":"\u0000","a":null}`, `{}`, `{ "x" : [ ] }`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := envelope.Parse([]byte(`{"fields":` + text + `}`))
		fields, ok := m.Field()
		if err != nil || !ok || fields.Kind() != envelope.Object {
			return
		}
		check(t, fields.JSON())
	})
}

func check(t *testing.T, text string) {
	var object map[string]json.RawMessage
	if Is(text, '{') {
		if err := json.Unmarshal([]byte(text), &object); err != nil {
			return // beyond encoding/json
		}
	}
	last := make(map[string]string)
	for quoted, value := range Members(text) {
		last[Unquote(quoted)] = value
		check(t, value)
		checkWhole(t, quoted)
	}
	for name, value := range object {
		if got := last[name]; got != strings.TrimSpace(string(value)) {
			t.Fatalf("%q is %q in %q", name, got, text)
		}
	}
	if len(last) != len(object) {
		t.Fatalf("%d members in %q", len(last), text)
	}
	for value := range Elements(text) {
		if !json.Valid([]byte(value)) {
			t.Fatalf("%q in %q", value, text)
		}
		check(t, value)
	}
	if Is(text, '"') {
		checkWhole(t, text)
	}
}

var (
	pairs = regexp.MustCompile(`\\u[dD][89abAB]..\\u[dD][c-fC-F]..`)
	half  = regexp.MustCompile(`\\u([dD][89a-fA-F]|0000)`)
)

func checkWhole(t *testing.T, quoted string) {
	whole := string(AppendWhole(nil, quoted))
	if want := strings.ReplaceAll(Unquote(quoted), "\x00", "\uFFFD"); Unquote(whole) != want {
		t.Fatalf("%q became %q", quoted, whole)
	}
	if left := pairs.ReplaceAllString(strings.ReplaceAll(whole, `\\`, ""), ""); half.MatchString(left) {
		t.Fatalf("%q became %q", quoted, whole)
	}
}
