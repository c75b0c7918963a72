package route

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A SyntaxError says why a text is no expression and where reading it stopped.
type SyntaxError struct {
	Offset int    // in bytes from the text's beginning
	Reason string // what is wrong there
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at offset %d", e.Reason, e.Offset) }

// A scanner reads the words of the text form. Each of its methods skips the white space before what it reads; what it
// does not find, it leaves.
type scanner struct {
	text string
	pos  int
}

func (s *scanner) fail(reason string) *SyntaxError { return s.failAt(s.pos, reason) }

func (s *scanner) failAt(pos int, reason string) *SyntaxError {
	return &SyntaxError{Offset: pos, Reason: reason}
}

func (s *scanner) space() {
	for s.pos < len(s.text) && strings.IndexByte(" \t\r\n", s.text[s.pos]) >= 0 {
		s.pos++
	}
}

func (s *scanner) end() bool {
	s.space()
	return s.pos == len(s.text)
}

// take reads sign.
func (s *scanner) take(sign string) bool {
	s.space()
	if !strings.HasPrefix(s.text[s.pos:], sign) {
		return false
	}
	s.pos += len(sign)
	return true
}

// word reads letters.
func (s *scanner) word() string {
	s.space()
	return s.run(isLetter)
}

// bare reads a name that needs no quotes.
func (s *scanner) bare() string {
	s.space()
	return s.run(isBare)
}

func (s *scanner) run(of func(byte) bool) string {
	start := s.pos
	for s.pos < len(s.text) && of(s.text[s.pos]) {
		s.pos++
	}
	return s.text[start:s.pos]
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func isBare(c byte) bool {
	return isLetter(c) || '0' <= c && c <= '9' || c == '_' || c == '.' || c == '-'
}

// quote returns the quote that a string would begin with here, 0 when there is none.
func (s *scanner) quote() byte {
	s.space()
	if s.pos < len(s.text) && (s.text[s.pos] == '\'' || s.text[s.pos] == '"') {
		return s.text[s.pos]
	}
	return 0
}

// str reads a string in either kind of quotes.
func (s *scanner) str() (string, error) {
	start := s.pos
	quote := s.quote()
	if quote == 0 {
		return "", s.fail("a string is missing")
	}
	var b strings.Builder
	for s.pos++; s.pos < len(s.text); s.pos++ {
		c := s.text[s.pos]
		switch c {
		case quote:
			s.pos++
			return b.String(), nil
		case '\\':
			s.pos++
			if s.pos == len(s.text) {
				return "", s.failAt(start, "the string has no end")
			}
			c = s.text[s.pos]
			if c != '\\' && c != '\'' && c != '"' {
				return "", s.fail("only quotes and the backslash have escapes in a string")
			}
		}
		b.WriteByte(c)
	}
	return "", s.failAt(start, "the string has no end")
}

// regex reads what stands between slashes, \/ still escaped.
func (s *scanner) regex() (string, error) {
	if !s.take("/") {
		return "", s.fail("a regular expression between slashes is missing")
	}
	start := s.pos
	for ; s.pos < len(s.text); s.pos++ {
		switch s.text[s.pos] {
		case '\\':
			s.pos++
		case '/':
			s.pos++
			return s.text[start : s.pos-1], nil
		}
	}
	s.pos = len(s.text)
	return "", s.failAt(start-1, "the regular expression has no end")
}

// path reads a path.
func (s *scanner) path() (path, error) {
	s.space()
	start := s.pos
	name := s.word()
	m, ok := memberOf(name)
	if !ok {
		if name == "" {
			return path{}, s.failAt(start, "a test is missing")
		}
		return path{}, s.failAt(start, fmt.Sprintf("nothing is called %.40s", name))
	}
	p := path{member: m}
	for m == memberFields && s.take("[") {
		step, err := s.step()
		if err != nil {
			return path{}, err
		}
		p.steps = append(p.steps, step)
	}
	return p, nil
}

func (s *scanner) step() (step string, err error) {
	if s.quote() != 0 {
		step, err = s.str()
	} else if step = s.bare(); step == "" {
		err = s.fail("a name or an index is missing")
	}
	if err == nil && !s.take("]") {
		err = s.fail("] is missing")
	}
	return step, err
}

// valid refuses what no message holds.
func (s *scanner) valid() error {
	for i, r := range s.text {
		if r == utf8.RuneError && !strings.HasPrefix(s.text[i:], "\uFFFD") {
			return s.failAt(i, "this is not valid UTF-8")
		}
	}
	return nil
}
