package middleware

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// closeNotifier is http.CloseNotifier, which is deprecated; frameworks still demand it.
type closeNotifier interface{ CloseNotify() <-chan bool }

// What a writer can do beyond http.ResponseWriter.
const (
	canFlush = 1 << iota
	canHijack
	canReadFrom
	canPush
	canCloseNotify
)

// as returns rec as a writer that can do what rec.to can, no more and no less: one type for each set of abilities. They
// are one pointer wide, so none is allocated.
func (rec *record) as() http.ResponseWriter {
	can := 0
	if _, ok := rec.to.(http.Flusher); ok {
		can |= canFlush
	}
	if _, ok := rec.to.(http.Hijacker); ok {
		can |= canHijack
	}
	if _, ok := rec.to.(io.ReaderFrom); ok {
		can |= canReadFrom
	}
	if _, ok := rec.to.(http.Pusher); ok {
		can |= canPush
	}
	if _, ok := rec.to.(closeNotifier); ok {
		can |= canCloseNotify
	}
	return writers[can](rec)
}

// writers has the type for each set, which is its index.
var writers = [1 << 5]func(*record) http.ResponseWriter{
	func(rec *record) http.ResponseWriter { return rec },
	func(rec *record) http.ResponseWriter { return withF{rec} },
	func(rec *record) http.ResponseWriter { return withH{rec} },
	func(rec *record) http.ResponseWriter { return withFH{withF{rec}} },
	func(rec *record) http.ResponseWriter { return withR{rec} },
	func(rec *record) http.ResponseWriter { return withFR{withF{rec}} },
	func(rec *record) http.ResponseWriter { return withHR{withH{rec}} },
	func(rec *record) http.ResponseWriter { return withFHR{withFH{withF{rec}}} },
	func(rec *record) http.ResponseWriter { return withP{rec} },
	func(rec *record) http.ResponseWriter { return withFP{withF{rec}} },
	func(rec *record) http.ResponseWriter { return withHP{withH{rec}} },
	func(rec *record) http.ResponseWriter { return withFHP{withFH{withF{rec}}} },
	func(rec *record) http.ResponseWriter { return withRP{withR{rec}} },
	func(rec *record) http.ResponseWriter { return withFRP{withFR{withF{rec}}} },
	func(rec *record) http.ResponseWriter { return withHRP{withHR{withH{rec}}} },
	func(rec *record) http.ResponseWriter { return withFHRP{withFHR{withFH{withF{rec}}}} },
	func(rec *record) http.ResponseWriter { return withC{rec} },
	func(rec *record) http.ResponseWriter { return withFC{withF{rec}} },
	func(rec *record) http.ResponseWriter { return withHC{withH{rec}} },
	func(rec *record) http.ResponseWriter { return withFHC{withFH{withF{rec}}} },
	func(rec *record) http.ResponseWriter { return withRC{withR{rec}} },
	func(rec *record) http.ResponseWriter { return withFRC{withFR{withF{rec}}} },
	func(rec *record) http.ResponseWriter { return withHRC{withHR{withH{rec}}} },
	func(rec *record) http.ResponseWriter { return withFHRC{withFHR{withFH{withF{rec}}}} },
	func(rec *record) http.ResponseWriter { return withPC{withP{rec}} },
	func(rec *record) http.ResponseWriter { return withFPC{withFP{withF{rec}}} },
	func(rec *record) http.ResponseWriter { return withHPC{withHP{withH{rec}}} },
	func(rec *record) http.ResponseWriter { return withFHPC{withFHP{withFH{withF{rec}}}} },
	func(rec *record) http.ResponseWriter { return withRPC{withRP{withR{rec}}} },
	func(rec *record) http.ResponseWriter { return withFRPC{withFRP{withFR{withF{rec}}}} },
	func(rec *record) http.ResponseWriter { return withHRPC{withHRP{withHR{withH{rec}}}} },
	func(rec *record) http.ResponseWriter { return withFHRPC{withFHRP{withFHR{withFH{withF{rec}}}}} },
}

// The letters say what a type can: Flush, Hijack, ReadFrom, Push, CloseNotify. Each is the type without its last letter,
// and one thing more.
type (
	withF     struct{ *record }
	withH     struct{ *record }
	withFH    struct{ withF }
	withR     struct{ *record }
	withFR    struct{ withF }
	withHR    struct{ withH }
	withFHR   struct{ withFH }
	withP     struct{ *record }
	withFP    struct{ withF }
	withHP    struct{ withH }
	withFHP   struct{ withFH }
	withRP    struct{ withR }
	withFRP   struct{ withFR }
	withHRP   struct{ withHR }
	withFHRP  struct{ withFHR }
	withC     struct{ *record }
	withFC    struct{ withF }
	withHC    struct{ withH }
	withFHC   struct{ withFH }
	withRC    struct{ withR }
	withFRC   struct{ withFR }
	withHRC   struct{ withHR }
	withFHRC  struct{ withFHR }
	withPC    struct{ withP }
	withFPC   struct{ withFP }
	withHPC   struct{ withHP }
	withFHPC  struct{ withFHP }
	withRPC   struct{ withRP }
	withFRPC  struct{ withFRP }
	withHRPC  struct{ withHRP }
	withFHRPC struct{ withFHRP }
)

func (w withF) Flush()            { _ = w.flush() }
func (w withF) FlushError() error { return w.flush() }

func (w withH) Hijack() (net.Conn, *bufio.ReadWriter, error)  { return w.hijack() }
func (w withFH) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }

func (w withR) ReadFrom(src io.Reader) (int64, error)   { return w.readFrom(src) }
func (w withFR) ReadFrom(src io.Reader) (int64, error)  { return w.readFrom(src) }
func (w withHR) ReadFrom(src io.Reader) (int64, error)  { return w.readFrom(src) }
func (w withFHR) ReadFrom(src io.Reader) (int64, error) { return w.readFrom(src) }

func (w withP) Push(target string, o *http.PushOptions) error    { return w.push(target, o) }
func (w withFP) Push(target string, o *http.PushOptions) error   { return w.push(target, o) }
func (w withHP) Push(target string, o *http.PushOptions) error   { return w.push(target, o) }
func (w withFHP) Push(target string, o *http.PushOptions) error  { return w.push(target, o) }
func (w withRP) Push(target string, o *http.PushOptions) error   { return w.push(target, o) }
func (w withFRP) Push(target string, o *http.PushOptions) error  { return w.push(target, o) }
func (w withHRP) Push(target string, o *http.PushOptions) error  { return w.push(target, o) }
func (w withFHRP) Push(target string, o *http.PushOptions) error { return w.push(target, o) }

func (w withC) CloseNotify() <-chan bool     { return w.closeNotify() }
func (w withFC) CloseNotify() <-chan bool    { return w.closeNotify() }
func (w withHC) CloseNotify() <-chan bool    { return w.closeNotify() }
func (w withFHC) CloseNotify() <-chan bool   { return w.closeNotify() }
func (w withRC) CloseNotify() <-chan bool    { return w.closeNotify() }
func (w withFRC) CloseNotify() <-chan bool   { return w.closeNotify() }
func (w withHRC) CloseNotify() <-chan bool   { return w.closeNotify() }
func (w withFHRC) CloseNotify() <-chan bool  { return w.closeNotify() }
func (w withPC) CloseNotify() <-chan bool    { return w.closeNotify() }
func (w withFPC) CloseNotify() <-chan bool   { return w.closeNotify() }
func (w withHPC) CloseNotify() <-chan bool   { return w.closeNotify() }
func (w withFHPC) CloseNotify() <-chan bool  { return w.closeNotify() }
func (w withRPC) CloseNotify() <-chan bool   { return w.closeNotify() }
func (w withFRPC) CloseNotify() <-chan bool  { return w.closeNotify() }
func (w withHRPC) CloseNotify() <-chan bool  { return w.closeNotify() }
func (w withFHRPC) CloseNotify() <-chan bool { return w.closeNotify() }
