package jsonline

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

func TestObject(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"empty", `{}`, `{}`},
		{"blanks", " {\n} ", `{}`},
		{"values", `{"a":1,"b":"x","c":[1,{"d":"]"}],"e":null}`, `{"a":1,"b":"x","c":[1,{"d":"]"}],"e":null}`},
		{"blanks between", `{ "a" : 1 , "b":2 }`, `{"a" : 1 , "b":2}`},
		{"twins", `{"a":1,"b":2,"a":3}`, `{"b":2,"a":3}`},
		{"triplets", `{"a":1,"a":2,"b":0,"a":3}`, `{"b":0,"a":3}`},
		{"out", `{"out":1,"a":1,"out":2,"b":2,"out":3}`, `{"a":1,"b":2}`},
		{"out, escaped", `{"o\u0075t":1,"a":1}`, `{"a":1}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var l Line
			end, ok := l.Scan([]byte(test.text))
			if !ok || PastBlanks([]byte(test.text), end) != len(test.text) {
				t.Fatalf("Scan: %d, %v", end, ok)
			}
			for i := range l.Members {
				l.Members[i].Out = l.Name(&l.Members[i]) == "out"
			}
			if got := l.Object(); string(got) != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestManyTwins(t *testing.T) {
	var text strings.Builder
	for i := range 1000 {
		text.WriteString(`,"n` + strconv.Itoa(i%300) + `":` + strconv.Itoa(i))
	}
	var l Line
	if _, ok := l.Scan([]byte("{" + text.String()[1:] + "}")); !ok {
		t.Fatal("no object")
	}
	var got map[string]int
	object := l.Object()
	if err := json.Unmarshal(object, &got); err != nil || len(got) != 300 || got["n17"] != 917 || bytes.Count(object, []byte(":")) != 300 {
		t.Errorf("%v, %d names, n17 is %d", err, len(got), got["n17"])
	}
	if !l.Rest() {
		t.Error("a thousand members are too many to keep")
	}
}

func TestRestOfLarge(t *testing.T) {
	var l Line
	if _, ok := l.Scan([]byte(`{"a":"` + strings.Repeat("x", 100<<10) + `"}`)); !ok {
		t.Fatal("no object")
	}
	l.Object()
	if l.Rest() {
		t.Error("memory of 100 KiB is kept")
	}
}

func TestText(t *testing.T) {
	for _, test := range []struct{ value, want string }{
		{`""`, ""}, {`"plain"`, "plain"}, {`"\"\\\/\b\f\n\r\t"`, "\"\\/\b\f\n\r\t"}, {`"\u00e9\u00E9"`, "éé"},
		{`"\ud83d\ude00"`, "😀"}, {`"\ud83dx\ude00"`, "\uFFFDx\uFFFD"}, {`"\ud83d\u0041"`, "\uFFFDA"},
		{`"\x\u12\u12g4"`, `\x\u12\u12g4`},
	} {
		var l Line
		if _, ok := l.Scan([]byte(`{"a":` + test.value + `}`)); !ok {
			t.Fatalf("%s: no object", test.value)
		}
		if got, ok := l.Text(&l.Members[0]); !ok || got != test.want {
			t.Errorf("%s: got %q, %v, want %q", test.value, got, ok, test.want)
		}
	}
	var l Line
	if _, ok := l.Scan([]byte(`{"a":1}`)); !ok {
		t.Fatal("no object")
	}
	if _, ok := l.Text(&l.Members[0]); ok || string(l.Value(&l.Members[0])) != "1" {
		t.Error("a number is a text")
	}
}

func TestNoObject(t *testing.T) {
	for _, text := range []string{
		"", " ", "[]", "1", "{", `{"`, `{"a`, `{"a"`, `{"a":`, `{"a":}`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{"a" 1}`, `{"a":"}`, `{"a":"\`,
		`{"a":[`, `{"a":["]}`, `{"a":1 2}`, `{1:2}`, `{,}`, `{"a":1]`,
	} {
		var l Line
		if end, ok := l.Scan([]byte(text)); ok {
			t.Errorf("%q is an object that ends at %d", text, end)
		}
	}
}

// What is an object for encoding/json is one here, with the same members; what is put together is valid only if all was.
func FuzzLine(f *testing.F) {
	for _, seed := range []string{
		`{"a":1,"b":"x","c":[1,{"d":"]"}],"e":null}`, `{ "a" : -1.5e3 , "a":true}`, `{"\ud83d\ude00":"\u00e9\\\""}`, `{}`, `{"":""}`,
		`{"a":[1},"b":{2]}`, `{"a":[}]}`, `{"a":1"b,"c":2}`, `{"a":01}`, `{"a":tru}`, `{"a":"` + "\xff\x01" + `"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		var l Line
		end, ok := l.Scan(p)
		var want map[string]any
		valid := json.Unmarshal(p, &want) == nil && want != nil
		if valid && (!ok || PastBlanks(p, end) != len(p)) {
			t.Fatalf("%q: Scan says %d, %v", p, end, ok)
		}
		if !ok {
			return
		}
		got := make(map[string]any)
		for i := range l.Members {
			m := &l.Members[i]
			var value any
			if json.Unmarshal(l.Value(m), &value) != nil && valid {
				t.Fatalf("%q: a value is %q", p, l.Value(m))
			}
			got[string([]rune(l.Name(m)))] = value // invalid UTF-8 becomes U+FFFD there too
			if text, isText := value.(string); isText {
				if mine, ok := l.Text(m); !ok || string([]rune(mine)) != text {
					t.Fatalf("%q: text is %q, want %q", p, mine, text)
				}
			}
		}
		if valid && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: members are %v, want %v", p, got, want)
		}
		object := bytes.Clone(l.Object())
		var again map[string]any
		if err := json.Unmarshal(object, &again); valid && (err != nil || !reflect.DeepEqual(again, want)) {
			t.Fatalf("%q: put together %q", p, object)
		}
		if all := p[:end]; json.Valid(object) && !json.Valid(all) && bytes.Count(object, []byte(":")) == bytes.Count(all, []byte(":")) {
			t.Fatalf("%q was no JSON and %q is", p, object)
		}
	})
}
