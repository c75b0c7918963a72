package envelope

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

func TestSeal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		m, err := Draft{}.Seal()
		if err != nil {
			t.Fatal(err)
		}
		if want := `{"type":"","timestamp":"2000-01-01T00:00:00.000000Z","logger":"","severity":6,"payload":"","fields":{},"env_version":"0.8"}`; m.JSON() != want {
			t.Errorf("the zero Draft is %s", m.JSON())
		}
		checkIndex(t, &m)
		if meta := m.Meta(); !meta.Received.Equal(now) || meta.ID == (ID{}) || meta.Origin != "" {
			t.Errorf("Meta %+v", meta)
		}
		past, err := Draft{Timestamp: noon, PID: -1}.Seal()
		if err != nil {
			t.Fatal(err)
		}
		if at, ok := past.Timestamp(); !ok || !at.Equal(noon.Truncate(time.Microsecond)) {
			t.Errorf("timestamp %v", at)
		}
		if meta := past.Meta(); !meta.Received.Equal(now) || meta.ID == m.Meta().ID {
			t.Errorf("Meta %+v", meta)
		}
		if past.SlabBytes() != len(past.JSON()) {
			t.Errorf("SlabBytes %d for %d bytes", past.SlabBytes(), len(past.JSON()))
		}
	})
}

// A sealed Message is the caller's no more.
func TestSealCopies(t *testing.T) {
	payload := []byte("payload")
	fields := []slog.Attr{slog.Int("a", 1)}
	m, err := Draft{Type: "t", Payload: lend(payload), Fields: fields}.Seal()
	if err != nil {
		t.Fatal(err)
	}
	before := string([]byte(m.JSON()))
	copy(payload, "changed")
	fields[0] = slog.Int("b", 2)
	if m.JSON() != before {
		t.Errorf("%s became %s", before, m.JSON())
	}
}

// Room to write in, the text, two pieces that an Encoder would keep, and nothing for scalar fields.
func TestSealAllocations(t *testing.T) {
	if raceEnabled {
		return // the race detector allocates
	}
	d := Draft{Timestamp: noon, Logger: "shop", Type: "order", PID: 1, Hostname: "web1", Fields: []slog.Attr{slog.Int("total", 42)}}
	n := testing.AllocsPerRun(100, func() {
		if _, err := d.Seal(); err != nil {
			t.Fatal(err)
		}
	})
	if n > 4 {
		t.Errorf("%v allocations", n)
	}
}
