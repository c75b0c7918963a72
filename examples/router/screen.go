package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

// A screen shows a table that is written over each time, and messages that stay. All its methods may be called
// concurrently.
type screen struct {
	table    io.Writer
	messages io.Writer
	terminal bool // table is one, which understands ANSI's sequences

	mu sync.Mutex
	up string // takes the cursor to where the table begins
}

func newScreen(out *os.File) *screen {
	info, err := out.Stat()
	return &screen{table: out, messages: os.Stderr, terminal: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

// show writes the table in place of the one before.
func (s *screen) show(table string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.terminal {
		fmt.Fprintln(s.table, table)
		return
	}
	fmt.Fprint(s.table, s.up, "\x1b[?7l", table, "\x1b[?7h") // long lines are cut: a wrapped one would be two to go up
	s.up = fmt.Sprintf("\x1b[%dA\x1b[J", strings.Count(table, "\n"))
}

// say writes a message below the table. The next table stands below it.
func (s *screen) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.up = ""
	fmt.Fprintf(s.messages, "router: "+format+"\n", args...)
}
