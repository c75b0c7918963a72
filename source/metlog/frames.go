package metlog

import (
	"runtime"
	"sync"
)

// A frame is one function's place in a stack.
type frame struct {
	symbol string
}

var frames sync.Map //nolint:gochecknoglobals // of uintptr to *frame: what a program counter means never changes

// frameAt returns the frame that a program counter of runtime.Callers stands for.
func frameAt(pc uintptr) *frame {
	if f, ok := frames.Load(pc); ok {
		return f.(*frame) //nolint:forcetypeassert // nothing else is put there
	}
	at, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	f, _ := frames.LoadOrStore(pc, &frame{symbol: at.Function})
	return f.(*frame) //nolint:forcetypeassert // nothing else is put there
}
