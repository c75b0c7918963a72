package envelope

import (
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// allocations returns how often f allocates, and counts nothing under the race detector, which allocates itself.
func allocations(f func()) float64 {
	f()
	if raceEnabled {
		return 0
	}
	return testing.AllocsPerRun(100, f)
}

func TestAppendParseDoesNotAllocate(t *testing.T) {
	long := strings.Repeat("name", 20)
	unknown := `{"type":"x","` + long + `":1,"\u0061` + long + `":2,"p\u0061yload":"3"}`
	frame := strings.Repeat(nodeText+"\n"+pythonText+unknown, 16)
	batch := make([]Message, 0, 48)
	var p Parser
	meta := Meta{Origin: "tcp://127.0.0.1:5565"}
	if n := allocations(func() { batch, _ = p.AppendParse(batch[:0], frame, len(frame), meta) }); n != 0 || len(batch) != 48 || batch[47].Payload() != "3" {
		t.Errorf("%v allocations, %d messages", n, len(batch))
	}
}

func TestReadingDoesNotAllocate(t *testing.T) {
	m := parse(t, pythonText)
	sum := 0
	n := allocations(func() {
		sum += len(m.Type()) + len(m.Logger()) + len(m.Payload()) + len(m.Hostname()) + len(m.EnvVersion()) + len(m.JSON())
		sum += m.PID() + m.Severity().Code()
		at, _ := m.Timestamp()
		name, _ := m.Field("name")
		deep, _ := m.Field("in", "a", "1", "b")
		none, _ := m.Field("in", "b")
		unknown, _ := m.Member("uuid")
		rate, _ := m.Field("rate")
		whole, _ := rate.Int()
		float, _ := rate.Float()
		sum += at.Nanosecond() + len(name.String()) + len(deep.JSON()) + len(none.JSON()) + len(unknown.JSON()) + int(whole) + int(float)
	})
	if n != 0 || sum == 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestRewritingAllocatesOnce(t *testing.T) {
	frame := "{\n\"type\":\"x\"\n}"
	batch := make([]Message, 0, 1)
	// Twice: the text as it grows, and the text as it is kept.
	if n := allocations(func() { batch, _ = new(Parser).AppendParse(batch[:0], frame, 0, Meta{}) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
}

// TestRewritingTakesLittleMemory pins that a frame of tiny envelopes, each to be rewritten, makes little garbage.
func TestRewritingTakesLittleMemory(t *testing.T) {
	const n = 2000
	frame := strings.Repeat("{\"type\":\t1}", n)
	batch := make([]Message, 0, n)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	batch, err := new(Parser).AppendParse(batch, frame, 0, Meta{})
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / n; each > 1<<10 || len(batch) != n || err != nil {
		t.Errorf("%d bytes for each of %d envelopes of 11, %v", each, len(batch), err)
	}
}

// TestGoldenIsNotRepaired pins that what clients really send never takes the careful, slow way.
func TestGoldenIsNotRepaired(t *testing.T) {
	scanned, repaired := 0, 0
	for name, frame := range goldenFrames(t) {
		for i := skipBlanks(frame, 0); i < len(frame) && frame[i] == '{'; i = skipBlanks(frame, i) {
			var m Message
			size, found := m.index(frame[i:])
			if found != whole {
				if !strings.Contains(name, "-nan") && !strings.Contains(name, "file-sender") && !strings.Contains(name, "stdout-sender") {
					t.Errorf("%s at %d is not scanned", name, i)
				}
				repaired++
				break
			}
			scanned++
			i += size
		}
	}
	if scanned < 700 || repaired == 0 {
		t.Errorf("%d scanned, %d repaired", scanned, repaired)
	}
}

// TestNamesAreFoundByWord pins that no known name needs the slow comparison.
func TestNamesAreFoundByWord(t *testing.T) {
	for _, name := range append(memberNames[:], aliasPID, aliasHostname) {
		b := view(name + `":"and some more text"`)
		if member, end := scanName(b, 0); member != memberOf(name) || end != len(name)+1 {
			t.Errorf("scanName(%s) = %d, %d", name, member, end)
		}
		found := 0
		for n := &nameWords.byPlace[namePlace(word(b, 0))]; n != nil; n = n.twin {
			if n.is(word(b, 0), word(b, 8)) && n.size == len(name)+1 {
				found++
			}
		}
		if found != 1 {
			t.Errorf("%s is in its place %d times", name, found)
		}
	}
}

// TestOrdersAreGuessed pins that in the orders that are sent every name is the one that was guessed.
func TestOrdersAreGuessed(t *testing.T) {
	for _, text := range []string{nodeText, pythonText, strictText} {
		next, guess := guessOrder(text), uint8(memberCount)
		m := parse(t, text)
		places := map[uint32]uint8{}
		for member, s := range m.members {
			places[s.start] = uint8(member)
		}
		for i, start := range slices.Sorted(maps.Keys(places)) {
			if i == 0 {
				guess = places[start]
			}
			if places[start] != guess {
				t.Errorf("%s guessed, %s found", memberNames[guess], memberNames[places[start]])
			}
			guess = next[guess]
		}
		if guess != memberCount {
			t.Errorf("%s guessed after the last", memberNames[guess])
		}
	}
}

// TestHeadersAreKnown pins that what stands between two values is compared as words, however the clients space it.
func TestHeadersAreKnown(t *testing.T) {
	for _, spaced := range []bool{false, true} {
		headers, comma, colon := &nameWords.compact, ",", ":"
		if spaced {
			headers, comma, colon = &nameWords.spaced, ", ", ": "
		}
		for i, name := range memberNames {
			text := comma + `"` + name + `"` + colon
			begins := func(text string) bool {
				b, h := view(text+"12345678"), &headers[i]
				return h.begins(word(b, 0), word(b, 8)) && h.ends(b, 0)
			}
			if !begins(text) || headers[i].size != len(text) {
				t.Errorf("%s is not known", text)
			}
			for at := range text {
				if wrong := text[:at] + "?" + text[at+1:]; begins(wrong) {
					t.Errorf("%s is taken for %s", wrong, text)
				}
			}
			if headers[memberCount].begins(word(view(text+"12345678"), 0), 0) {
				t.Errorf("%s is taken for no header", text)
			}
		}
	}
}
