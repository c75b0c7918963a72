package envelope

import (
	"strings"
	"unicode/utf8"
)

// A repair takes the careful look at an envelope that index would not take as it is. It finds what is wrong, or writes
// the text anew without what JSON's promise rules out, leaving everything else as it was:
//   - blanks between tokens go when there is a newline, a carriage return or a tab among them;
//   - a byte that is no UTF-8 becomes U+FFFD;
//   - bare NaN, Infinity and -Infinity, as Python writes them, become null.
type repair struct {
	text   string
	i      int    // where reading is
	out    []byte // what has been written
	copied int    // up to where text has been
	reason Reason

	replaced bool // something that was no blank
}

// envelope reads the envelope that r.text begins with and returns it as it may be kept. Where it stopped is in r.i, why
// in r.reason.
func (r *repair) envelope() (kept string, ok bool) {
	if r.text == "" || r.text[0] != '{' {
		return "", r.fail(ReasonNotObject)
	}
	var objects uint64
	for depth := 0; ; {
		switch c := r.peek(); {
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return "", r.fail(ReasonTooDeep)
			}
			objects <<= 1
			if c == '{' {
				objects |= 1
			}
			r.i++
			r.blanks()
			if r.peek() != closing(objects) {
				if objects&1 == 1 && !r.name() {
					return "", false
				}
				continue
			}
		case !r.scalar():
			return "", false
		default:
			r.blanks()
		}
		// A value has ended, or an empty composite is about to.
		for r.peek() == closing(objects) {
			objects >>= 1
			r.i++
			if depth--; depth == 0 {
				return string(append(r.out, r.text[r.copied:r.i]...)), true
			}
			r.blanks()
		}
		if r.peek() != ',' {
			return "", r.fail(ReasonToken)
		}
		r.i++
		r.blanks()
		if objects&1 == 1 && !r.name() {
			return "", false
		}
	}
}

// firstOut is how many bytes writing anew begins with: a frame may hold very many envelopes, all of them tiny.
const firstOut = 512

// closing returns what closes the innermost composite.
func closing(objects uint64) byte {
	if objects&1 == 1 {
		return '}'
	}
	return ']'
}

// fail notes why reading stopped. At the end of the text that is the reason, whatever was expected.
func (r *repair) fail(reason Reason) bool {
	if r.reason = reason; r.i >= len(r.text) && len(r.text) > 0 {
		r.reason = ReasonTruncated
	}
	return false
}

// peek returns the next byte, 0 at the end. A byte 0 is allowed nowhere, so whoever meets either fails.
func (r *repair) peek() byte {
	if r.i < len(r.text) {
		return r.text[r.i]
	}
	return 0
}

// replace puts other bytes where text[r.i:end] was.
func (r *repair) replace(end int, with string) {
	if r.out == nil {
		r.out = make([]byte, 0, min(len(r.text), firstOut))
	}
	r.out = append(r.out, r.text[r.copied:r.i]...)
	r.out = append(r.out, with...)
	r.replaced = r.replaced || with != ""
	r.i, r.copied = end, end
}

func (r *repair) blanks() {
	end, breaks := r.i, false
	for ; end < len(r.text); end++ {
		if c := r.text[end]; c == '\n' || c == '\r' || c == '\t' {
			breaks = true
		} else if c != ' ' {
			break
		}
	}
	if breaks {
		r.replace(end, "")
	}
	r.i = end
}

// name reads a member's name, the colon and the blanks around it.
func (r *repair) name() bool {
	if r.peek() != '"' {
		return r.fail(ReasonToken)
	}
	if !r.quoted() {
		return false
	}
	r.blanks()
	if r.peek() != ':' {
		return r.fail(ReasonToken)
	}
	r.i++
	r.blanks()
	return true
}

func (r *repair) scalar() bool {
	switch c := r.peek(); c {
	case '"':
		return r.quoted()
	case 't':
		return r.literal("true", false)
	case 'f':
		return r.literal("false", false)
	case 'n':
		return r.literal("null", false)
	case 'N':
		return r.literal("NaN", true)
	case 'I':
		return r.literal("Infinity", true)
	case '-':
		if strings.HasPrefix(r.text[r.i:], "-I") {
			return r.literal("-Infinity", true)
		}
		return r.number()
	default:
		if c-'0' <= 9 {
			return r.number()
		}
		return r.fail(ReasonToken)
	}
}

// literal reads a bare word. A foreign one becomes null.
func (r *repair) literal(word string, foreign bool) bool {
	rest := r.text[r.i:]
	switch {
	case strings.HasPrefix(rest, word) && foreign:
		r.replace(r.i+len(word), "null")
	case strings.HasPrefix(rest, word):
		r.i += len(word)
	case strings.HasPrefix(word, rest):
		r.i = len(r.text)
		return r.fail(ReasonTruncated)
	default:
		return r.fail(ReasonToken)
	}
	return true
}

func (r *repair) number() bool {
	end := r.i
	for end < len(r.text) && strings.IndexByte("+-.0123456789Ee", r.text[end]) >= 0 {
		end++
	}
	if scanNumber(view(r.text), r.i) != end {
		if end == len(r.text) {
			r.i = end
		}
		return r.fail(ReasonNumber)
	}
	r.i = end
	return true
}

// quoted reads a string.
func (r *repair) quoted() bool {
	for r.i++; r.i < len(r.text); {
		switch c := r.text[r.i]; {
		case c == '"':
			r.i++
			return true
		case c == '\\':
			if n := escapeLen(view(r.text), r.i); n > 0 {
				r.i += n
			} else if r.cutEscape() {
				r.i = len(r.text)
			} else {
				return r.fail(ReasonEscape)
			}
		case c < ' ':
			return r.fail(ReasonControl)
		case c < utf8.RuneSelf:
			r.i++
		default:
			if ch, n := utf8.DecodeRuneInString(r.text[r.i:]); ch == utf8.RuneError && n == 1 {
				r.replace(r.i+1, string(utf8.RuneError))
			} else {
				r.i += n
			}
		}
	}
	return r.fail(ReasonTruncated)
}

// cutEscape reports whether the malformed escape at r.i only lacks what comes after the text's end.
func (r *repair) cutEscape() bool {
	rest := r.text[r.i:]
	return len(rest) < len(`\u0000`) && escapeLen(view(rest+`u0000`[len(rest)-1:]), 0) == len(`\u0000`)
}
