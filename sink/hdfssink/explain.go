package hdfssink

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unicode"

	"github.com/colinmarc/hdfs/v2"
)

// errSlow ends an attempt before another router may take its temporary file for one left over.
var errSlow = errors.New("the file took longer than half of Options.Leftover")

// withContext adds that the context had ended.
func withContext(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && err != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}

// recovered turns a panic of the library, which believes what its peers send, into an error.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the HDFS client panicked: %v", p)
	}
}

// A causedError is what the library says with what a connection has said before: the library often knows only that it is
// closed, or keeps the words alone.
type causedError struct{ err, cause error }

func withCause(err, cause error) error {
	if err == nil || cause == nil || errors.Is(err, cause) {
		return err
	}
	return &causedError{err, cause}
}

func (e *causedError) Error() string {
	text, cause := e.err.Error(), e.cause.Error()
	if strings.Contains(text, cause) {
		return text
	}
	return text + ", after " + cause
}

func (e *causedError) Unwrap() []error { return []error{e.err, e.cause} }

// explain adds what the library leaves out: who was denied, and what the server's exception says.
func (s *Store) explain(err error) error {
	var server hdfs.Error
	switch {
	case s.opts.Kerberos == nil && strings.Contains(err.Error(), "unexpected sequence number"):
		return fmt.Errorf("hdfssink: %w: the namenode may ask for Kerberos", err) // the library takes its refusal for that
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("hdfssink: user %s: %w", s.opts.User, err)
	case errors.As(err, &server):
		return fmt.Errorf("hdfssink: %w: %s", err, firstLine(server.Message()))
	}
	return fmt.Errorf("hdfssink: %w", err)
}

// firstLine returns what stands before a Java stack trace, fit for a log.
func firstLine(message string) string {
	message, _, _ = strings.Cut(message, "\n")
	message = strings.ToValidUTF8(message[:min(len(message), 300)], "")
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, message)
}
