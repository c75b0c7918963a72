package envelope

import (
	"math"
	"strings"
	"testing"
)

func TestValueNumbers(t *testing.T) {
	tests := []struct {
		raw    string
		signed int64
		isInt  bool
		whole  uint64
		isUint bool
		float  float64
		isNum  bool
	}{
		{"0", 0, true, 0, true, 0, true},
		{"-0", 0, true, 0, true, math.Copysign(0, -1), true},
		{"6", 6, true, 6, true, 6, true},
		{"6.0", 6, true, 6, true, 6, true},
		{"6.000", 6, true, 6, true, 6, true},
		{"60e-1", 6, true, 6, true, 6, true},
		{"0.6E1", 6, true, 6, true, 6, true},
		{"0.0006e+4", 6, true, 6, true, 6, true},
		{"1e3", 1000, true, 1000, true, 1000, true},
		{"-1e3", -1000, true, 0, false, -1000, true},
		{"-1", -1, true, 0, false, -1, true},
		{"1.5", 0, false, 0, false, 1.5, true},
		{"15e-1", 0, false, 0, false, 1.5, true},
		{"1e-7", 0, false, 0, false, 1e-7, true},
		{"0e-999999999999", 0, true, 0, true, 0, true},
		{"0.000e999999999999", 0, true, 0, true, 0, true},
		{"9007199254740993", 9007199254740993, true, 9007199254740993, true, 9007199254740992, true},
		{"9223372036854775807", math.MaxInt64, true, math.MaxInt64, true, 1 << 63, true},
		{"9223372036854775808", 0, false, 1 << 63, true, 1 << 63, true},
		{"-9223372036854775808", math.MinInt64, true, 0, false, -1 << 63, true},
		{"-9223372036854775809", 0, false, 0, false, -1 << 63, true},
		{"18446744073709551615", 0, false, math.MaxUint64, true, 1 << 64, true},
		{"18446744073709551616", 0, false, 0, false, 1 << 64, true},
		{"1844674407370955161.5e1", 0, false, math.MaxUint64, true, 1 << 64, true},
		{"1e19", 0, false, 1e19, true, 1e19, true},
		{"1e20", 0, false, 0, false, 1e20, true},
		{"100000000000000000000e-19", 10, true, 10, true, 10, true},
		{"1e400", 0, false, 0, false, 0, false},
		{"1e4294967296", 0, false, 0, false, 0, false}, // no exponent wraps, on 32 bits either
		{"1e-4294967296", 0, false, 0, false, 0, true},
		{"5e-324", 0, false, 0, false, 5e-324, true},
		{`"6"`, 0, false, 0, false, 0, false},
		{"true", 0, false, 0, false, 0, false},
		{"null", 0, false, 0, false, 0, false},
		{"[1]", 0, false, 0, false, 0, false},
		{"", 0, false, 0, false, 0, false},
	}
	for _, test := range tests {
		v := Value{test.raw}
		if n, ok := v.Int(); n != test.signed || ok != test.isInt {
			t.Errorf("%s: Int() = %d, %v", test.raw, n, ok)
		}
		if n, ok := v.Uint(); n != test.whole || ok != test.isUint {
			t.Errorf("%s: Uint() = %d, %v", test.raw, n, ok)
		}
		if f, ok := v.Float(); math.Float64bits(f) != math.Float64bits(test.float) || ok != test.isNum {
			t.Errorf("%s: Float() = %v, %v", test.raw, f, ok)
		}
	}
}

func TestValueKinds(t *testing.T) {
	for raw, want := range map[string]struct {
		kind Kind
		text string
	}{
		"":              {Null, ""},
		"null":          {Null, ""},
		"true":          {Bool, "true"},
		"false":         {Bool, "false"},
		"-1.50":         {Number, "-1.50"},
		`""`:            {String, ""},
		`"a\"\u00e9"`:   {String, "a\"\u00e9"},
		`"null"`:        {String, "null"},
		`[1, "\u0061"]`: {Array, `[1, "\u0061"]`},
		`{"a": 1}`:      {Object, `{"a": 1}`},
	} {
		v := Value{raw}
		if v.Kind() != want.kind || v.String() != want.text || v.JSON() != raw {
			t.Errorf("%s: kind %d, text %q, JSON %q", raw, v.Kind(), v.String(), v.JSON())
		}
		b, ok := v.Bool()
		if b != (raw == "true") || ok != (want.kind == Bool) {
			t.Errorf("%s: Bool() = %v, %v", raw, b, ok)
		}
	}
}

func TestUnquote(t *testing.T) {
	for raw, want := range map[string]string{
		``: "", `plain`: "plain", `\"\\\/\b\f\n\r\t`: "\"\\/\b\f\n\r\t", `a\u0000b`: "a\x00b", `\u00E9\u4e2d`: "\u00e9\u4e2d",
		`\ud83d\ude00`: "\U0001F600", `\uD83D\uDE00x`: "\U0001F600x", `\ud83d`: "\uFFFD", `\ude00\ud83d`: "\uFFFD\uFFFD",
		`\ud83d\ud83d\ude00`: "\uFFFD\U0001F600", `\ud83d\n`: "\uFFFD\n", `\ud83dx`: "\uFFFDx", `\ud83d\u0041`: "\uFFFDA",
		`\udbff\udfff`: "\U0010FFFF", `\uaAfF`: "\uaaff", `\u0b9c\\u0041`: "\u0b9c\\u0041",
	} {
		if got := unquote(raw); got != want {
			t.Errorf("unquote(%s) = %q, want %q", raw, got, want)
		}
		if !sameText(raw, want) {
			t.Errorf("sameText(%s, %q) = false", raw, want)
		}
		for _, other := range []string{want + "x", "x" + want, strings.TrimSuffix(want+"\x01", "\x01") + "\uFFFD", raw + `\`} {
			if sameText(raw, other) {
				t.Errorf("sameText(%s, %q) = true", raw, other)
			}
		}
	}
}
