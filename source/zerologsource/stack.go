package zerologsource

import (
	"runtime"
	"strconv"
	"strings"

	"github.com/mozilla-services/metlog-go/internal/jsonline"
)

const (
	maxFrames = 128 // that are read from a line
	maxDepth  = 256 // of a goroutine that logs
)

// frames reads what zerolog's pkgerrors wrote, innermost first. A stack of any other shape has none, but is not nil.
func frames(stack []byte) []runtime.Frame {
	list := []runtime.Frame{}
	for i := 1; stack[0] == '[' && len(list) < maxFrames; i++ {
		i = jsonline.PastBlanks(stack, i)
		end := jsonline.PastValue(stack, i)
		if end <= i {
			break
		}
		if f, ok := readFrame(stack[i:end]); ok {
			list = append(list, f)
		}
		if i = jsonline.PastBlanks(stack, end); i >= len(stack) || stack[i] != ',' {
			break
		}
	}
	return list
}

// readFrame reads {"func":"f","line":"3","source":"x.go"}.
func readFrame(text []byte) (f runtime.Frame, ok bool) {
	var l line
	if _, ok := l.Scan(text); !ok {
		return f, false
	}
	for i := range l.Members {
		m := &l.Members[i]
		switch l.Name(m) {
		case "func":
			f.Function = l.anyText(m)
		case "source":
			f.File = l.anyText(m)
		case "line":
			f.Line, _ = strconv.Atoi(l.anyText(m))
		}
	}
	return f, true
}

// bridge is what the names of the functions that lead from zerolog to here begin with.
const bridge = "github.com/mozilla-services/metlog-go/source/zerologsource.(*"

// callers returns the stack of this goroutine up to the call of zerolog, innermost first.
func callers() []uintptr {
	stack := make([]uintptr, maxDepth)
	stack = stack[:runtime.Callers(1, stack)]
	start := 0
	for i := range stack {
		f, _ := runtime.CallersFrames(stack[i : i+1]).Next()
		if strings.HasPrefix(f.Function, "github.com/rs/zerolog.") || strings.HasPrefix(f.Function, bridge) {
			start = i + 1
		}
	}
	return stack[start:]
}
