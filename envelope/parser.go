package envelope

import "time"

const (
	defaultMaxBytes = 1 << 20
	limitMaxBytes   = 1 << 30 // so that every place in a text fits a span
)

// A Parser reads envelopes. The zero value is ready: it takes every shape of envelope 0.8 that was ever deployed, up to
// 1 MiB each. Any number of goroutines may use one.
//
// An envelope is a JSON object with at least one of the nine members. They may stand in any order and be of odd types;
// unknown members are kept, such as the message and metadata that the prototypes of 2011 had for payload and fields
// ([Message.Member] reads them). It is refused when it is no valid JSON, nests deeper than 64, or has a member twice,
// where heka_pid and heka_hostname count as metlog_pid and metlog_hostname. (Names within fields and unknown members may
// stand twice.)
type Parser struct {
	// MaxBytes bounds one envelope, in bytes, as it came and as it is kept. 0 is 1 MiB; more than 1 GiB is 1 GiB.
	MaxBytes int

	// Strict refuses what the specification does not say. All of the nine members must be there, under their own names
	// and of their normal types: severity 0 to 7, timestamp RFC 3339 with its zone, env_version "0.8", metlog_pid
	// digits. There must be nothing else, no name twice in an object of fields, and nothing to rewrite.
	Strict bool
}

// Parse reads exactly one envelope, of at most 1 MiB, and copies it, without the blanks that may stand around it. The
// message's Meta is a new ID, received now. Every error is a *[SyntaxError].
func Parse(text []byte) (Message, error) {
	var m Message
	frame := lend(text)
	start := skipBlanks(frame, 0)
	end, err := new(Parser).next(&m, frame, start, 0)
	if err != nil {
		return Message{}, err
	}
	if rest := skipBlanks(frame, end); rest < len(frame) {
		return Message{}, &SyntaxError{Offset: rest, Start: rest, Reason: ReasonTrailing}
	}
	m = m.Clone()
	m.setMeta(Meta{Received: time.Now(), ID: NewID()})
	return m, nil
}

// AppendParse reads all of a frame: one envelope, or several with nothing or blanks between them, each on one line or
// many. It appends them to batch. The first message gets meta as it is, the others count its ID up.
//
// The messages' texts are parts of frame, not copies: nothing must ever write to it. slab is the size in bytes of the
// memory that frame is part of, which the messages keep alive ([Message.SlabBytes]). Only an envelope that has to be
// rewritten gets memory of its own. That is so where the text holds what no JSON line may: newlines, carriage returns
// or tabs between tokens (these blanks go), invalid UTF-8 (each byte becomes U+FFFD), bare NaN, Infinity and -Infinity
// (they become null).
//
// An error is a *[SyntaxError]; the batch then holds what was read before it, and whoever wants what may follow goes on
// after the next newline behind its Offset. A frame of nothing but blanks is an error too.
//
// A Message is larger than a small envelope: of a frame of {"type":1} and the like, the batch is about 14 times the size.
func (p *Parser) AppendParse(batch []Message, frame string, slab int, meta Meta) ([]Message, error) {
	kib, received := slabSize(slab), meta.nanoseconds()
	for i := skipBlanks(frame, 0); ; {
		batch = append(batch, Message{})
		m := &batch[len(batch)-1]
		end, err := p.next(m, frame, i, kib)
		if err != nil {
			return batch[:len(batch)-1], err
		}
		m.origin, m.id, m.received = meta.Origin, meta.ID, received
		if i = skipBlanks(frame, end); i >= len(frame) {
			return batch, nil
		}
		meta.ID = meta.ID.Next()
	}
}

// next reads the one envelope that begins at start.
func (p *Parser) next(m *Message, frame string, start int, slab uint16) (end int, err error) {
	if start >= len(frame) {
		return 0, &SyntaxError{Offset: start, Start: start, Reason: ReasonEmpty}
	}
	text, most := frame[start:], p.maxBytes()
	cut := len(text) > most
	if cut {
		text = text[:most]
	}
	size, found := m.index(text)
	m.text, m.slab = text[:size], slab
	rewritten := found == unclean
	if rewritten {
		r := repair{text: text}
		kept, ok := r.envelope()
		size = r.i
		if !ok && cut && r.reason == ReasonTruncated || len(kept) > most {
			r.reason, ok = ReasonTooLarge, false
		}
		if !ok {
			return 0, &SyntaxError{Offset: start + size, Start: start, Reason: r.reason}
		}
		*m = Message{text: kept, slab: slabSize(len(kept))}
		_, found = m.index(kept)
	}
	if reason := p.refuse(m, found, rewritten); reason != "" {
		return 0, &SyntaxError{Offset: start + size, Start: start, Reason: reason}
	}
	return start + size, nil
}

// refuse says why an envelope that could be read to its end is not taken, "" if it is.
func (p *Parser) refuse(m *Message, found outcome, rewritten bool) Reason {
	switch {
	case found == duplicate:
		return ReasonDuplicate
	case found == unclean: // what repair lets pass index would: nothing is taken that one of them does not take
		return ReasonToken
	case m.members[memberType] == span{} && m.members == [memberCount]span{}:
		return ReasonNoMember
	case p.Strict && rewritten:
		return ReasonRewritten
	case p.Strict:
		return m.strict()
	}
	return ""
}

func (p *Parser) maxBytes() int {
	if p.MaxBytes <= 0 {
		return defaultMaxBytes
	}
	return min(p.MaxBytes, limitMaxBytes)
}

// slabSize returns a size in KiB as a Message keeps it.
func slabSize(bytes int) uint16 { return uint16((min(max(bytes, 0), 65535<<10) + 1023) >> 10) }

func skipBlanks(text string, i int) int {
	for i < len(text) && (text[i] == '\n' || text[i] == ' ' || text[i] == '\r' || text[i] == '\t') {
		i++
	}
	return i
}
