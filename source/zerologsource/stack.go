package zerologsource

import (
	"path"
	"runtime"
	"strconv"
	"strings"

	"github.com/mozilla-services/metlog-go/internal/jsonline"
)

// appendStack appends the frames that zerolog's pkgerrors wrote, innermost first, in Sentry's order. A stack of any other
// shape has none.
func appendStack(b, stack []byte) []byte {
	var frames [][]byte
	for i := 1; stack[0] == '[' && len(frames) < maxFrames; i++ {
		i = jsonline.PastBlanks(stack, i)
		end := jsonline.PastValue(stack, i)
		if end <= i {
			break
		}
		frames = append(frames, stack[i:end])
		if i = jsonline.PastBlanks(stack, end); i >= len(stack) || stack[i] != ',' {
			break
		}
	}
	first := len(b)
	for i := len(frames) - 1; i >= 0; i-- {
		b = appendWritten(b, first, frames[i])
	}
	return b
}

// appendWritten appends one frame that pkgerrors wrote: {"func":"f","line":"3","source":"x.go"}.
func appendWritten(b []byte, first int, text []byte) []byte {
	var l line
	if _, ok := l.Scan(text); !ok {
		return b
	}
	var function, file string
	var number int
	for i := range l.Members {
		m := &l.Members[i]
		switch l.Name(m) {
		case "func":
			function = l.anyText(m)
		case "source":
			file = l.anyText(m)
		case "line":
			number, _ = strconv.Atoi(l.anyText(m))
		}
	}
	b = append(openFrame(b, first, function, file, number), `,"in_app":`...)
	b = strconv.AppendBool(b, file != "proc.go" && !strings.HasSuffix(file, ".s")) // the runtime's, below main
	return append(b, '}')
}

// bridge is what the names of the functions that lead from zerolog to here begin with.
const bridge = "github.com/mozilla-services/metlog-go/source/zerologsource.(*"

// appendCallers appends the frames of this goroutine up to the call of zerolog.
func (w *Writer) appendCallers(b []byte) []byte {
	var pcs [maxFrames]uintptr
	callers := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
	var frames []runtime.Frame // innermost first
	for more := true; more; {
		var f runtime.Frame
		f, more = callers.Next()
		switch {
		case strings.HasPrefix(f.Function, "github.com/rs/zerolog.") || strings.HasPrefix(f.Function, bridge):
			frames = frames[:0]
		case f.Function != "" && !strings.HasPrefix(f.Function, "runtime."):
			frames = append(frames, f)
		}
	}
	first := len(b)
	for i := len(frames) - 1; i >= 0; i-- {
		f := &frames[i]
		module, function := splitSymbol(f.Function)
		b = openFrame(b, first, function, path.Base(f.File), f.Line)
		b = appendText(append(b, `,"module":`...), module)
		b = appendText(append(b, `,"abs_path":`...), f.File)
		b = strconv.AppendBool(append(b, `,"in_app":`...), w.inApp(module))
		b = append(b, '}')
	}
	return b
}

// splitSymbol splits a function's full name, such as example.org/shop.(*Cart).Add, after the package.
func splitSymbol(symbol string) (module, function string) {
	start := strings.LastIndexByte(symbol, '/') + 1
	if dot := strings.IndexByte(symbol[start:], '.'); dot >= 0 {
		return strings.ReplaceAll(symbol[:start+dot], "%2e", "."), symbol[start+dot+1:]
	}
	return "", symbol
}

// inApp reports whether a package is the program's own.
func (w *Writer) inApp(module string) bool {
	rest, ok := strings.CutPrefix(module, w.module)
	return module == "main" || w.module != "" && ok && (rest == "" || rest[0] == '/')
}

// openFrame appends a frame without its end.
func openFrame(b []byte, first int, function, file string, number int) []byte {
	if len(b) > first {
		b = append(b, ',')
	}
	b = appendText(append(b, `{"function":`...), function)
	b = appendText(append(b, `,"filename":`...), file)
	if number > 0 {
		b = strconv.AppendInt(append(b, `,"lineno":`...), int64(number), 10)
	}
	return b
}
