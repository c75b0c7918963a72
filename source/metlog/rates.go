package metlog

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Rates say which share of the timers, counters and gauges is sent, by their names. The zero value is all of them. Rates
// never change.
type Rates struct{ lines []rateLine }

type rateLine struct {
	glob string
	rate float64
}

// ParseRates reads Rates from text, a line each:
//
//	# everything at a tenth, the shopping cart whole, the cache not at all
//	*=0.1
//	cart.*=1
//	cache.*=0
//
// Before the = stands a pattern, which a whole name must match. In it * stands for any text, also none, with dots and
// slashes in it, and ? for exactly one character. All others stand for themselves, [ ] { } and the backslash too: there
// are no classes and no escapes. Case matters. Blanks at the ends do not count. A pattern has no = in it: ? meets one.
//
// Behind the = stands the rate, a decimal number from 0, which is off, to 1. The last line whose pattern a name matches
// wins; a name that none matches is sent whole. Blank lines and those that begin with # say nothing. An error names the
// line.
func ParseRates(text string) (Rates, error) {
	var r Rates
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		l, err := parseRate(line)
		if err != nil {
			return Rates{}, fmt.Errorf("metlog: rates, line %d: %w", n, err)
		}
		r.lines = append(r.lines, l)
	}
	return r, nil
}

func parseRate(line string) (rateLine, error) {
	name, text, ok := strings.Cut(line, "=")
	if !ok {
		return rateLine{}, fmt.Errorf("no NAME=RATE: %.100q", line)
	}
	name, text = strings.TrimSpace(name), strings.TrimSpace(text)
	rate, err := strconv.ParseFloat(text, 64)
	switch {
	case name == "":
		return rateLine{}, fmt.Errorf("no name: %.100q", line)
	case err != nil || strings.ContainsAny(text, "xX_pPnN") || !(rate >= 0 && rate <= 1):
		return rateLine{}, fmt.Errorf("rate is not a number from 0 to 1: %.100q", text)
	}
	return rateLine{name, rate}, nil
}

// String returns the lines that [ParseRates] reads as r.
func (r Rates) String() string {
	var b strings.Builder
	for _, l := range r.lines {
		b.WriteString(l.glob + "=" + strconv.FormatFloat(l.rate, 'g', -1, 64) + "\n")
	}
	return b.String()
}

// of returns the rate of name.
func (r Rates) of(name string) float64 {
	for i := len(r.lines) - 1; i >= 0; i-- {
		if match(r.lines[i].glob, name) {
			return r.lines[i].rate
		}
	}
	return 1
}

// match reports whether all of name matches glob. It takes at most len(glob)*len(name) steps.
func match(glob, name string) bool {
	g, n, star, from := 0, 0, -1, 0
	for n < len(name) {
		switch {
		case g < len(glob) && glob[g] == '*':
			star, from = g, n
			g++
		case g < len(glob) && glob[g] == '?':
			g++
			n += size(name[n:])
		case g < len(glob) && glob[g] == name[n]:
			g++
			n++
		case star >= 0:
			from += size(name[from:])
			g, n = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(glob[g:], "*") == ""
}

// size is how many bytes the first character of s has.
func size(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}
