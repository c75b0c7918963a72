package envelope

import (
	"strings"
	"testing"
)

func TestField(t *testing.T) {
	m := parse(t, `{"fields": {"name": "hits", "": "empty", "k.with.dot": 2, "User-Agent": "", "a" : { "b": {"c": [1, 2.5 , null,true, [ "x" , {"d": [] } ], "]}\\\"[{" ]} },
		"twice": {"x": 1}, "twice": {"y": 2}, "\u00fcber": 7, "q\"uote": 8, "back\\slash": 9, "n\nl": 10, "\ud800": 11, "\ud83d\ude00": 12, "list": [ ], "none": null, "end": false}}`)
	tests := []struct {
		path string // separated by |
		want string // "": nothing there
	}{
		{"name", `"hits"`},
		{"", `"empty"`},
		{"k.with.dot", "2"},
		{"User-Agent", `""`},
		{"a|b|c|0", "1"},
		{"a|b|c|1", "2.5"},
		{"a|b|c|2", "null"},
		{"a|b|c|3", "true"},
		{"a|b|c|4|0", `"x"`},
		{"a|b|c|4|1|d", "[]"},
		{"a|b|c|5", `"]}\\\"[{"`},
		{"twice|y", "2"},
		{"\u00fcber", "7"},
		{"q\"uote", "8"},
		{`back\slash`, "9"},
		{"n\nl", "10"},
		{"\uFFFD", "11"},
		{"\U0001F600", "12"},
		{"list", "[ ]"},
		{"none", "null"},
		{"end", "false"},
		{"twice|x", ""},
		{"Name", ""},
		{"nam", ""},
		{"names", ""},
		{"name|0", ""},
		{"k.with.dot|0", ""},
		{"none|a", ""},
		{"missing", ""},
		{"missing|a|b", ""},
		{"list|0", ""},
		{"a|b|c|6", ""},
		{"a|b|c|-1", ""},
		{"a|b|c|+1", ""},
		{"a|b|c|01", ""},
		{"a|b|c|", ""},
		{"a|b|c|1.0", ""},
		{"a|b|c|18446744073709551616", ""},
		{"a|b|0", ""},
		{`\u00fcber`, ""},
		{`back\\slash`, ""},
	}
	for _, test := range tests {
		v, ok := m.Field(strings.Split(test.path, "|")...)
		if v.JSON() != test.want || ok != (test.want != "") {
			t.Errorf("Field(%q) = %s, %v, want %s", test.path, v.JSON(), ok, test.want)
		}
	}
	if v, ok := m.Field(); !ok || v.Kind() != Object {
		t.Errorf("Field() = %s, %v", v.JSON(), ok)
	}
}

func TestFieldOfOtherKinds(t *testing.T) {
	for raw, want := range map[string]string{`[10, 20]`: "20", `"12"`: "", `null`: "", `12`: "", `{"1":"x"}`: `"x"`} {
		m := parse(t, `{"fields":`+raw+`}`)
		if v, ok := m.Field("1"); v.JSON() != want || ok != (want != "") {
			t.Errorf("Field(1) of %s = %s, %v", raw, v.JSON(), ok)
		}
	}
}
