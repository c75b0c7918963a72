package metlog

import (
	"path"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

const (
	maxDepth  = 1024 // frames of a stack that are looked at
	maxFrames = 128  // of these are shown
	outermost = 32   // of these stand at the end
	maxName   = 512  // bytes of a function's name, or a file's

	originDepth = 32 // frames between where a panic began and where it was caught
)

// A frame is what is shown of one place in the program.
type frame struct {
	symbol  string // the function's full name
	text    []byte // a JSON object without its last brace
	bare    int    // how much of text stands before the lines of source
	runtime bool
}

// places has the frames met so far, by program counter. There are as many as calls in the program, at most.
type places struct {
	frames sync.Map // of uintptr to *frame
	shown  atomic.Int64
	once   sync.Once
	module string // the program's
}

// callers fills stack with the program counters of the calling goroutine, innermost first. Each is one frame: functions
// that were inlined have one of their own.
func callers(stack []uintptr, skip int) []uintptr { return stack[:runtime.Callers(skip+1, stack)] }

// panicked returns the part of the stack that panicked, given that of a deferred function.
func (p *places) panicked(stack []uintptr) []uintptr {
	for i, pc := range stack {
		if p.at(pc).symbol == "runtime.gopanic" {
			return stack[i+1:]
		}
	}
	return stack
}

// origin returns the place where an exception was caught, given by its caller's caller's caller. A panic's is where it
// began: all of a server are caught in one place.
func (p *places) origin(panics bool) uint64 {
	var array [originDepth]uintptr
	if !panics {
		runtime.Callers(4, array[:1])
		return uint64(array[0])
	}
	stack := p.panicked(callers(array[:], 4))
	for len(stack) > 1 && p.at(stack[0]).runtime {
		stack = stack[1:]
	}
	if len(stack) == 0 {
		return 0
	}
	return uint64(stack[0])
}

// list returns the frames of a stack that are shown, innermost first.
func (p *places) list(stack []uintptr) []*frame {
	list := make([]*frame, 0, len(stack))
	for _, pc := range stack {
		if f := p.at(pc); !f.runtime {
			list = append(list, f)
		}
	}
	if n := len(list); n > maxFrames {
		list = append(list[:maxFrames-outermost], list[n-outermost:]...)
	}
	return list
}

// at returns the frame of a program counter, as runtime.Callers gives it.
func (p *places) at(pc uintptr) *frame {
	if f, ok := p.frames.Load(pc); ok {
		return f.(*frame) //nolint:forcetypeassert // nothing else is put there
	}
	f := p.read(pc)
	if f.symbol != "" { // or an error's stack could fill the memory with what is none
		p.frames.Store(pc, f)
	}
	return f
}

func (p *places) read(pc uintptr) *frame {
	p.once.Do(func() {
		if info, ok := debug.ReadBuildInfo(); ok {
			p.module = info.Main.Path
		}
	})
	at := frameOf(pc)
	module, function := splitSymbol(at.Function)
	f := &frame{symbol: at.Function}
	f.runtime = module == "runtime" || strings.HasPrefix(module, "internal/runtime/") || at.Function == ""
	if f.runtime {
		return f
	}
	short := path.Base(at.File)
	if module != "main" {
		short = module + "/" + short
	}
	b := appendFrame(nil, function, module, short, at.File, at.Line, p.inApp(module, at.File))
	f.bare = len(b)
	if p.shown.Add(1) <= maxShown {
		b = appendSource(b, at.File, at.Line)
	}
	f.text = b
	return f
}

// appendFrame appends a frame as Sentry has it, without its last brace and without what is not known.
func appendFrame(b []byte, function, module, short, file string, line int, inApp bool) []byte {
	b = append(b, `{"function":`...)
	b = appendText(b, function, maxName)
	if module != "" {
		b = append(b, `,"module":`...)
		b = appendText(b, module, maxName)
	}
	b = append(b, `,"filename":`...)
	b = appendText(b, short, maxName)
	if file != short {
		b = append(b, `,"abs_path":`...)
		b = appendText(b, file, maxName)
	}
	if line > 0 {
		b = append(b, `,"lineno":`...)
		b = strconv.AppendInt(b, int64(line), 10)
	}
	b = append(b, `,"in_app":`...)
	return strconv.AppendBool(b, inApp)
}

func frameOf(pc uintptr) runtime.Frame {
	at, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	return at
}

// inApp reports whether a package is the program's own.
func (p *places) inApp(module, file string) bool {
	switch {
	case module == "main":
		return true
	case p.module != "":
		rest, ok := strings.CutPrefix(module, p.module)
		return ok && (rest == "" || rest[0] == '/' || rest == "_test")
	}
	first, _, _ := strings.Cut(module, "/")
	return strings.Contains(first, ".") && !strings.Contains(file, "@") && !strings.Contains(file, "/vendor/")
}

// splitSymbol splits the full name of a function into its package's path and the rest.
func splitSymbol(symbol string) (module, function string) {
	end := len(symbol)
	if i := strings.IndexByte(symbol, '['); i >= 0 {
		end = i // in the brackets are other names
	}
	start := strings.LastIndexByte(symbol[:end], '/') + 1
	dot := strings.IndexByte(symbol[start:end], '.')
	if dot < 0 {
		return "", symbol
	}
	return strings.ReplaceAll(symbol[:start+dot], "%2e", "."), symbol[start+dot+1:]
}
