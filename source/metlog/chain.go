package metlog

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"github.com/mozilla-services/metlog-go/internal/secret"
)

const (
	maxLinks = 32      // errors of a chain that are shown
	maxText  = 8 << 10 // bytes of the text of the first
	maxCause = 2 << 10 // and of its causes
	maxType  = 256     // bytes of a type's name

	sameError = "its own stack" // the source of the second of two links of one error
)

// A link is an error in a chain, or, without one, what else was thrown.
type link struct {
	err    error
	value  any
	parent int    // index of the link it is a cause of
	source string // how it was got from that
	causes int    // how many it joins
	stack  []uintptr
	said   string
	name   string // in place of a type's
}

// linksOf returns an error and its causes, each behind what it is a cause of. An error that carries a stack stands at the
// beginning without it, too: where it is handled is another place.
func linksOf(err error) []link {
	links := make([]link, 0, 4)
	if stack := stackOf(err); stack != nil {
		links = append(links, link{err: err}, link{err: err, source: sameError, stack: stack})
	} else {
		links = append(links, link{err: err})
	}
	return appendCauses(links, len(links)-1)
}

// appendCauses appends the causes of links[i], and theirs.
func appendCauses(links []link, i int) []link {
	causes, joined := unwrap(links[i].err)
	if joined {
		links[i].causes = len(causes)
	}
	for n, err := range causes {
		if len(links) >= maxLinks {
			break
		}
		source := "Unwrap()"
		if joined {
			source += "[" + strconv.Itoa(n) + "]"
		}
		if err != nil {
			links = appendCause(links, link{err: err, parent: i, source: source})
		}
	}
	return links
}

func appendCause(links []link, l link) []link {
	if len(links) >= maxLinks || slices.ContainsFunc(links, func(x link) bool { return samePointer(x.err, l.err) }) {
		return links
	}
	l.stack = stackOf(l.err)
	links = append(links, l)
	return appendCauses(links, len(links)-1)
}

// samePointer reports whether two errors are one pointer. Others cannot be in a circle without one.
func samePointer(a, b error) bool {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	return x.Kind() == reflect.Pointer && y.Kind() == reflect.Pointer && x.Type() == y.Type() && x.Pointer() == y.Pointer() &&
		x.Type().Elem().Size() > 0
}

// unwrap returns err's causes, and whether it joins them.
func unwrap(err error) (causes []error, joined bool) {
	defer func() { _ = recover() }() // then it has none
	switch e := err.(type) {         //nolint:errorlint // one step at a time
	case interface{ Unwrap() error }:
		return []error{e.Unwrap()}, false
	case interface{ Unwrap() []error }:
		return e.Unwrap(), true
	}
	return nil, false
}

// stackOf returns the program counters that an error carries: from StackTrace, which in pkg/errors returns a slice of a
// type of its own, or from Callers.
func stackOf(err error) (stack []uintptr) {
	defer func() { _ = recover() }() // then it carries none
	if e, ok := err.(interface{ Callers() []uintptr }); ok {
		return limitStack(e.Callers())
	}
	method := reflect.ValueOf(err).MethodByName("StackTrace")
	if !method.IsValid() {
		return nil
	}
	t := method.Type()
	if t.NumIn() != 0 || t.NumOut() != 1 || t.Out(0).Kind() != reflect.Slice || t.Out(0).Elem().Kind() != reflect.Uintptr {
		return nil
	}
	trace := method.Call(nil)[0]
	for i := range min(trace.Len(), maxDepth) {
		stack = append(stack, uintptr(trace.Index(i).Uint()))
	}
	return stack
}

func limitStack(stack []uintptr) []uintptr { return stack[:min(len(stack), maxDepth)] }

// text returns what an error says of itself, and whether its method panicked.
func (l *link) text(hide secret.Names) (text string, panicked bool) {
	if l.err == nil {
		return showThrown(l.value, hide), false
	}
	defer func() {
		if thrown := recover(); thrown != nil {
			text, panicked = markPanic+"in Error: "+showPanic(thrown, hide), true
			if r := reflect.ValueOf(l.err); r.Kind() == reflect.Pointer && r.IsNil() {
				text = nilText(r)
			}
		}
	}()
	return hide.Text(l.err.Error()), false
}

// kind returns the type that stands for a chain: that of its first branch's last error.
func kind(links []link) reflect.Type {
	last := 0
	for i := range links {
		if i > 0 && links[i].parent != last {
			break
		}
		last = i
	}
	return links[last].typ()
}

func (l *link) typ() reflect.Type {
	if l.err != nil {
		return reflect.TypeOf(l.err)
	}
	return reflect.TypeOf(l.value)
}

// showPanic returns the text of what was thrown by a method.
func showPanic(thrown any, hide secret.Names) string {
	if err, ok := thrown.(interface{ RuntimeError() }); ok {
		return hide.Text(fmt.Sprint(err))
	}
	return showThrown(thrown, hide)
}
