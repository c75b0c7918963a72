package archivesink

import (
	"io/fs"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	missingValue  = "__HIVE_DEFAULT_PARTITION__" // Hive's own name for NULL
	overflowValue = "__OTHER__"
	maxValueBytes = 96 // so that the name of a segment stays within the 255 bytes of a file name
)

// A partition is one directory of sealed files. It is a map key.
type partition struct {
	hour  int64  // since 1970, UTC
	value string // of the extra column, escaped; empty without one
}

// dir returns the partition's directory, relative and with slashes.
func (p partition) dir(column string) string {
	dir := time.Unix(p.hour*3600, 0).UTC().Format("dt=2006-01-02/hour=15")
	if column != "" {
		dir += "/" + column + "=" + p.value
	}
	return dir
}

func hourOf(t time.Time) int64 {
	seconds := t.Unix()
	hour := seconds / 3600
	if seconds%3600 < 0 {
		hour--
	}
	return hour
}

const hexDigits = "0123456789ABCDEF"

// escape returns a value as Hive writes it in a path: %XX for ASCII that is special. Hive reads %XX as one character, not
// as a byte of UTF-8, so other characters stay as they are, and what of them cannot be printed has no form: not ok.
func escape(value string) (escaped string, ok bool) {
	if value == "" {
		return missingValue, true
	}
	if len(value) > maxValueBytes {
		return overflowValue, false
	}
	b := make([]byte, 0, len(value)+16)
	for _, r := range value {
		switch {
		case r == utf8.RuneError, r >= utf8.RuneSelf && !unicode.IsPrint(r):
			return overflowValue, false
		case r >= utf8.RuneSelf, isPlain(byte(r)):
			b = utf8.AppendRune(b, r)
		default:
			b = append(b, '%', hexDigits[r>>4], hexDigits[r&15])
		}
	}
	if len(b) > maxValueBytes {
		return overflowValue, false
	}
	return string(b), true
}

// isPlain reports whether an ASCII character needs no escape in any file name.
func isPlain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.'
}

// values admits the values of the extra column, so many an hour.
type values struct {
	max      int
	hour     int64
	admitted map[string]string // value to its escaped form
}

// admit returns the escaped form of a value that came with a message of this hour. The value itself is not kept.
func (v *values) admit(value string, hour int64) string {
	if hour > v.hour || v.admitted == nil {
		v.hour, v.admitted = hour, make(map[string]string)
	}
	if escaped, ok := v.admitted[value]; ok {
		return escaped
	}
	if value != "" && len(v.admitted) >= v.max {
		return overflowValue
	}
	escaped, ok := escape(value)
	if ok && value != "" {
		v.admitted[strings.Clone(value)] = escaped
	}
	return escaped
}

const (
	openSuffix = ".open"
	tmpPrefix  = "_tmp-"
)

// segmentName returns the name under _open of the segment that will be published as name. No name holds a comma.
func segmentName(name string) string { return strings.ReplaceAll(name, "/", ",") + openSuffix }

// publishedName is the inverse of segmentName. It is not ok for what no archive has written.
func publishedName(segment string) (name string, ok bool) {
	flat, ok := strings.CutSuffix(segment, openSuffix)
	if !ok || strings.Contains(flat, "/") {
		return "", false
	}
	name = strings.ReplaceAll(flat, ",", "/")
	return name, isPublished(name)
}

// isPublished reports whether a relative path is one that an archive gives to sealed files.
func isPublished(name string) bool {
	parts := strings.Split(name, "/")
	if len(parts) < 3 || len(parts) > 4 || !fs.ValidPath(name) || strings.Contains(name, ",") {
		return false
	}
	if len(parts) == 4 {
		if column, _, ok := strings.Cut(parts[2], "="); !ok || !columnForm.MatchString(column) {
			return false
		}
	}
	file := parts[len(parts)-1]
	_, known := compressionOf(file)
	return known && strings.HasPrefix(file, "part-") && strings.HasPrefix(parts[0], "dt=") && strings.HasPrefix(parts[1], "hour=")
}

func compressionOf(name string) (Compression, bool) {
	for c := Gzip; c <= Plain; c++ {
		if strings.HasSuffix(name, c.extension()) {
			return c, true
		}
	}
	return 0, false
}
