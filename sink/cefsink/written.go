package cefsink

import "strings"

// isWritten reports whether a payload is what would be written of it, which saves most of them being taken apart: an event
// alone, as package cef writes it, of printable ASCII. It may be false for others of these.
func isWritten(payload string) bool {
	rest, ok := strings.CutPrefix(payload, "CEF:")
	if !ok {
		return false
	}
	version, rest, _ := strings.Cut(rest, "|")
	for range 5 { // vendor, product, device version, signature, name
		_, rest, _ = strings.Cut(rest, "|")
	}
	severity, rest, ok := strings.Cut(rest, "|")
	return ok && isDigit(version) && (isDigit(severity) || severity == "10") && strings.IndexByte(payload[:len(payload)-len(rest)], '\\') < 0 &&
		isPlain(payload) && areWritten(rest)
}

func isDigit(s string) bool { return len(s) == 1 && s[0] >= '0' && s[0] <= '9' }

// areWritten reports whether s is extensions: a bare = stands there only behind a key, and a backslash only in an escape.
func areWritten(s string) bool {
	for first := true; ; first = false {
		equals, ok := bareEquals(s)
		if equals == len(s) || !ok {
			return ok && (!first || s == "")
		}
		key := equals
		for key > 0 && inKey[s[key-1]] {
			key--
		}
		if n := equals - key; n == 0 || n > maxKey || first != (key == 0) || !first && s[key-1] != ' ' {
			return false
		}
		s = s[equals+1:]
	}
}

// bareEquals returns where the first = stands that is not escaped, or the length of s. It is not ok when there is an escape
// before that is never written.
func bareEquals(s string) (equals int, ok bool) {
	equals = -1
	for i := 0; ; {
		if equals < i {
			if equals = strings.IndexByte(s[i:], '='); equals < 0 {
				equals = len(s)
			} else {
				equals += i
			}
		}
		backslash := strings.IndexByte(s[i:equals], '\\')
		if backslash < 0 {
			return equals, true
		}
		i += backslash + 2
		if i > len(s) || strings.IndexByte(`=\nr`, s[i-1]) < 0 {
			return 0, false
		}
	}
}

// maxKey is the length of the longest key that is known to be one.
const maxKey = 100

// inKey are the characters of most keys.
var inKey = func() (in [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_" {
		in[c] = true
	}
	return in
}()

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// isPlain reports whether s, of 8 bytes at least, is printable ASCII. It looks at eight bytes at once.
func isPlain(s string) bool {
	for i := 0; ; i += 8 {
		i = min(i, len(s)-8)
		w := eight(s[i : i+8])
		del := w ^ 0x7f*ones
		if (w|(w-' '*ones)|(del-ones))&highs != 0 { // a byte less than what is taken from it, or one beyond ASCII
			return false
		}
		if i == len(s)-8 {
			return true
		}
	}
}

// eight returns eight bytes of s, the first one lowest.
func eight(s string) uint64 {
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
