package metlog

import (
	"context"
	"reflect"
	"runtime"
	"slices"
	"sync"
)

// maxWatched is how many values a context holds.
const maxWatched = 64

// Watch makes what p points to a local variable of the calling function, in the events of exceptions: Go cannot read a
// frame's variables, so the function names them. It is read when [Client.Exception] or [Client.Panic] gets the context,
// in the goroutine that calls that, and shows what it is then.
//
// The name goes into ctx, if [Scope] or an earlier Watch has made room in it; otherwise Watch returns a child that has
// room. A context holds 64 values, the last of each name and function; the oldest makes way.
//
// Of a value about 4 KiB are shown, six levels of it and 32 elements of a slice, and nothing of members whose names
// [Options.Redact] hides. Maps, channels, contexts and structs with a lock or an atomic in them, which other goroutines may
// be writing to, are shown by their type and, where they have one, length, which is read without a lock: when the map is
// being written, the race detector will tell of it. Anything else that p leads to must belong to the goroutine that
// captures. No method of a value is called.
func Watch[T any](ctx context.Context, name string, p *T) context.Context {
	return register(ctx, watched{name: name, at: reflect.ValueOf(p)})
}

// Var is [Watch] of a value as it is now: what is shown is made of it in this call, so it may change afterwards, and
// nothing is kept alive.
func Var(ctx context.Context, name string, v any) context.Context {
	text, torn := appendCopy(v)
	return register(ctx, watched{name: name, text: text, torn: torn})
}

// Scope returns a child of ctx that has room for watched values, and a function that ends it: then the values are let go
// of, and what is watched later with that child is not kept. Middleware calls Scope before a request and the function
// after it, so that handlers need not hand on the contexts that [Watch] returns. An event that is sent with the child
// shows the child's values and those that ctx has.
func Scope(ctx context.Context) (context.Context, func()) {
	h := holderIn(ctx) // the rest is inlined, and h.end allocates nothing
	return h, h.end
}

// A holder has the values that functions watch. It is the context that is asked for it, so that the two are one
// allocation a request.
type holder struct {
	context.Context

	mu    sync.Mutex
	ended bool
	list  []watched
}

// A watched value is the text of a copy, or a pointer to what is read later.
type watched struct {
	name string
	pc   uintptr // in the function that watches
	at   reflect.Value
	text []byte
	torn bool // text says that it could not be read

	symbol      string // of the function; this and what follows is for one event
	link, frame int    // where it is shown
	stale       bool   // another value has its name
}

type holderKey struct{}

func holderOf(ctx context.Context) *holder {
	if ctx == nil {
		return nil
	}
	h, _ := ctx.Value(holderKey{}).(*holder)
	return h
}

// ScopeWith is [Scope] with a T beside the values, in the same memory: of middleware that passes on a copy of a request,
// what is watched costs no allocation of its own. The T lives as long as anybody has the context.
func ScopeWith[T any](ctx context.Context) (context.Context, *T, func()) {
	s := new(struct {
		holder
		beside T
	})
	s.Context = orBackground(ctx)
	return &s.holder, &s.beside, s.end
}

// holderIn returns a child of ctx that is a holder.
//
//go:noinline
func holderIn(ctx context.Context) *holder { return &holder{Context: orBackground(ctx)} }

// Value implements context.Context.
func (h *holder) Value(key any) any {
	if key == (holderKey{}) {
		return h
	}
	return h.Context.Value(key)
}

// String keeps fmt from reading what others may be writing to.
func (h *holder) String() string { return "metlog.Scope" }

func orBackground(ctx context.Context) context.Context {
	if ctx == nil {
		return context.Background()
	}
	return ctx
}

// register is Watch and Var, whose caller's caller is the function meant.
func register(ctx context.Context, w watched) context.Context {
	var pc [1]uintptr
	runtime.Callers(3, pc[:])
	h := holderOf(ctx)
	if h == nil {
		h = holderIn(ctx)
		ctx = h
	}
	w.pc = pc[0]
	h.put(w)
	return ctx
}

// put adds w, in place of the one from its place, or else of the oldest when there are too many.
func (h *holder) put(w watched) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		return
	}
	same := func(x watched) bool { return x.pc == w.pc && x.name == w.name }
	if i := slices.IndexFunc(h.list, same); i >= 0 {
		h.list = slices.Delete(h.list, i, i+1)
	} else if len(h.list) == maxWatched {
		h.list = slices.Delete(h.list, 0, 1)
	}
	h.list = append(h.list, w)
}

// end empties the holder for good.
func (h *holder) end() {
	h.mu.Lock()
	h.ended, h.list = true, nil
	h.mu.Unlock()
}

// all returns what the holder and those above it have, the newest first.
func (h *holder) all() (list []watched) {
	for ; h != nil; h = holderOf(h.Context) {
		h.mu.Lock()
		for i := len(h.list) - 1; i >= 0; i-- {
			list = append(list, h.list[i])
		}
		h.mu.Unlock()
	}
	return list
}
