package cefsink

import (
	"strconv"
	"unicode/utf8"
)

// mark stands at the end of an event that was cut, before the number of bytes that are missing.
const mark = "metlogCut="

// markRoom is enough for a space, mark and its number.
const markRoom = 1 + len(mark) + 10

// headerShare is which part of a record's bytes each header of an event gets at most, when the event is too long.
const headerShare = 16

// cut shortens a line of CEF, which is longer than limit bytes, to at most so many, in its place: first its headers, then
// its extensions. What is left is a line of CEF.
func cut(line []byte, limit int) []byte {
	length := len(line)
	from, to := bar(line)+1, bar(line)+1 // after the version
	for range 5 {                        // vendor, product, device version, signature, name
		end := bar(line[from:])
		to += copy(line[to:], whole(line[from:from+end], limit/headerShare))
		line[to] = '|'
		from, to = from+end+1, to+1
	}
	severity := bar(line[from:]) + 1
	to += copy(line[to:], line[from:from+severity])
	extensions := copy(line[to:], line[from+severity:])
	extensions = keptExtensions(line[to:to+extensions], limit-to-markRoom)
	missing := length - to - extensions
	line = line[:to+extensions]
	if extensions > 0 {
		line = append(line, ' ')
	}
	return strconv.AppendInt(append(line, mark...), int64(missing), 10)
}

// bar returns where the first | stands that no backslash is before.
func bar(line []byte) int { return bare(line, '|') }

// bare returns where the first c stands that no backslash is before, or the length of text.
func bare(text []byte, c byte) int {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case c:
			return i
		}
	}
	return len(text)
}

// whole returns what at most limit bytes of text hold in whole characters and escapes.
func whole(text []byte, limit int) []byte {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	backslashes := 0
	for backslashes < limit && text[limit-1-backslashes] == '\\' {
		backslashes++
	}
	return text[:limit-backslashes%2]
}

// keptExtensions returns how much of the extensions at most limit bytes hold: no part of a key.
func keptExtensions(text []byte, limit int) int {
	kept := len(whole(text, limit))
	if kept == len(text) {
		return kept
	}
	// The key whose value would come next ends at the next bare = and begins after a space.
	key := kept + bare(text[kept:], '=')
	if key == len(text) {
		return kept
	}
	for key > 0 && text[key-1] != ' ' {
		key--
	}
	if key-1 < kept {
		kept = max(key-1, 0)
	}
	return kept
}
