package metlog

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
)

const (
	around   = 5       // lines before and after
	maxLine  = 200     // bytes of a line that are shown
	maxFile  = 4 << 20 // bytes of a file that is looked into
	maxShown = 4096    // places whose lines are kept
)

// appendSource appends the lines about a line of a file, as members of an object, or nothing when they cannot be read.
func appendSource(b []byte, file string, line int) []byte {
	if line < 1 || !filepath.IsAbs(file) { // -trimpath leaves names that are relative to nothing
		return b
	}
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() || info.Size() > maxFile {
		return b
	}
	f, err := os.Open(file)
	if err != nil {
		return b
	}
	defer func() { _ = f.Close() }() // it was only read
	start := len(b)
	b = append(b, `,"pre_context":[`...)
	r := bufio.NewReader(io.LimitReader(f, maxFile))
	for n := 1; n <= line+around; n++ {
		text, whole, ok := nextLine(r)
		switch {
		case !ok && n <= line:
			return b[:start]
		case !ok:
			n = line + around
			continue
		case n < line-around:
			continue
		case n == line:
			b = append(b, `],"context_line":`...)
		case n != line+1 && n != max(1, line-around):
			b = append(b, ',')
		}
		b = appendBeginning(b, text, maxLine, whole)
		if n == line {
			b = append(b, `,"post_context":[`...)
		}
	}
	return append(b, ']')
}

// nextLine returns the beginning of the next line and how long it is. It reports false at the end.
func nextLine(r *bufio.Reader) (line string, whole int, ok bool) {
	text, more, err := r.ReadLine()
	if err != nil {
		return "", 0, false
	}
	line, whole = string(text), len(text)
	for more && err == nil {
		text, more, err = r.ReadLine()
		whole += len(text)
	}
	return line, whole, true
}
