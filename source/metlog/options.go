package metlog

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/mozilla-services/metlog-go/envelope"
)

// Options are what may be chosen about a [Client]. The zero value is all defaults.
type Options struct {
	// Logger says who speaks. It has no control characters, such as newlines. The default is the name of the program's file.
	Logger string

	// Severity is that of messages sent without one. The default is Info.
	Severity envelope.Severity

	// Hostname is the machine in the envelope. The default is what os.Hostname says.
	Hostname string

	// PID is the process in the envelope. The default is this one.
	PID int

	// Rates say which share of the timers, counters and gauges is sent. The default is all. See [Client.SetRates].
	Rates Rates

	// Filters decide what is sent: a message that one of them is false for is counted as Dropped "filtered". They are
	// asked in order. The default is none.
	Filters []Filter

	// MaxBytes bounds the memory, in bytes, of messages that wait to be sent: their text and its index. The default is
	// 16 MiB, the least is 2 MiB.
	MaxBytes int

	// Full is what happens to a message there is no room for. The default is Drop.
	Full Full

	// FlushInterval is how long a message may wait for others. The default is 50 ms.
	FlushInterval time.Duration

	// Maps has the maps in attributes written, as encoding/json does. The default is to show a map, or a value that holds
	// one, by its type and length: Go ends a program in which one goroutine reads a map while another writes it. The length
	// alone is one word in memory and harms nothing, but when the map is being written, the race detector will tell of it.
	Maps bool

	// Redact are parts of names. What an exception sends, in its event and beside it in the message's fields, has
	// "[redacted]" for each value whose name has such a part: variables, members of structs, attributes at any depth, and
	// parameters in the URLs of its texts, where passwords are hidden too. The lines of other types, Emit's and Log's, stay
	// as the application wrote them. These parts always count: password, passwd, passphrase, pwd, secret, token,
	// authorization, cookie, credential and key. Case does not matter. The default is none besides.
	Redact []string

	// ExceptionsPerSecond is the most events a second, and at once, from one origin: the others are counted as Dropped
	// "limited". Of an error that is the type of its innermost cause and the place of the call of [Client.Exception]; of a
	// panic that type and the place where it began; of a bridged line its severity and its innermost frame, if it has one.
	// Errors of errors.New and fmt.Errorf are all of one type, so an application that hands all of its errors to one
	// function, which calls Exception, has one limit for these. Of more than 256 origins at a time, the others share one
	// limit. The default is 10.
	ExceptionsPerSecond int

	// OnError is told what went wrong, at most once a second, from a goroutine of its own and never twice at a time; what
	// happens meanwhile comes with the next call, joined, what is the same once with its count. That is: what the sink
	// refused; messages that were dropped as "full", "large", "limited", "number" or "nil", the first at once with its type,
	// then how many; each [Prepared] that was given a wrong number of values, once; fields and other parts that could not be
	// written, by name; filters that panicked. Shutdown and Close tell the rest. Not told is what the application chose to
	// leave out, by Rates and Filters, and what is sent after Shutdown. The default is to tell nobody; [Client.Account] and
	// [Client.Damaged] have the numbers all the same.
	OnError func(error)
}

// Full is what a [Client] does with a message when MaxBytes are waiting.
type Full int

const (
	// Drop counts the message as Dropped "full".
	Drop Full = iota
	// Block makes the caller wait for room until its ctx ends; calls that have no ctx wait until Shutdown. Then the
	// message is dropped. The sink must not send to the client itself.
	Block
)

const (
	defaultMaxBytes = 16 << 20
	leastMaxBytes   = 2 << 20
	defaultInterval = 50 * time.Millisecond

	defaultExceptions = 10 // a second of a type
)

// complete checks the options and puts defaults where nothing was chosen.
func (o *Options) complete() error {
	switch {
	case o.Severity < envelope.Emergency || o.Severity > envelope.Debug:
		return fmt.Errorf("metlog: Severity is none of RFC 5424's: %d", int(o.Severity))
	case o.PID < 0:
		return fmt.Errorf("metlog: PID is negative: %d", o.PID)
	case o.MaxBytes != 0 && o.MaxBytes < leastMaxBytes:
		return fmt.Errorf("metlog: MaxBytes is less than %d: %d", leastMaxBytes, o.MaxBytes)
	case o.Full != Drop && o.Full != Block:
		return fmt.Errorf("metlog: Full is unknown: %d", int(o.Full))
	case o.ExceptionsPerSecond < 0:
		return fmt.Errorf("metlog: ExceptionsPerSecond is negative: %d", o.ExceptionsPerSecond)
	case o.FlushInterval < 0:
		return fmt.Errorf("metlog: FlushInterval is negative: %v", o.FlushInterval)
	}
	for i, part := range o.Redact {
		if part == "" {
			return fmt.Errorf("metlog: Redact[%d] is empty", i)
		}
	}
	for i, f := range o.Filters {
		if f == nil {
			return fmt.Errorf("metlog: Filters[%d] is nil", i)
		}
	}
	o.fill()
	if strings.ContainsFunc(o.Logger, unicode.IsControl) {
		return fmt.Errorf("metlog: Logger has a control character: %.100q", o.Logger)
	}
	return nil
}

func (o *Options) fill() {
	if o.Logger == "" {
		o.Logger = filepath.Base(os.Args[0])
	}
	if o.Hostname == "" {
		o.Hostname = "localhost"
		if name, err := os.Hostname(); err == nil && name != "" {
			o.Hostname = name
		}
	}
	if o.PID == 0 {
		o.PID = os.Getpid()
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.ExceptionsPerSecond == 0 {
		o.ExceptionsPerSecond = defaultExceptions
	}
	if o.FlushInterval == 0 {
		o.FlushInterval = defaultInterval
	}
}
