package sourcetest

import (
	"fmt"
	"slices"
	"strings"
)

// numbered returns n different envelopes, in the forms that deployed Python and Node clients write.
func numbered(n int) []string {
	out := make([]string, 0, n)
	for n := range n {
		form := `{"severity": 6, "timestamp": "2013-03-01T08:00:00.000417", "metlog_hostname": "web3", "fields": {"rate": 1.0, ` +
			`"name": "shop.views.cart", "n": %d}, "metlog_pid": 411, "logger": "shop", "type": "timer", "payload": "38", ` +
			`"env_version": "0.8"}`
		if n%2 == 1 {
			form = `{"type":"counter","timestamp":"2013-03-01T08:00:01Z","logger":"shop-node","severity":6,"payload":"-2",` +
				`"fields":{"name":"stock.held","rate":0.25,"n":%d},"env_version":"0.8","metlog_pid":907,"metlog_hostname":"n1"}`
		}
		out = append(out, fmt.Sprintf(form, n))
	}
	return out
}

// together returns frames of n envelopes each, one a line.
func together(envelopes []string, n int) (frames []string) {
	for some := range slices.Chunk(envelopes, n) {
		frames = append(frames, strings.Join(some, "\n"))
	}
	return frames
}

// sized returns one envelope of the given size in bytes.
func sized(bytes int) string {
	const head, tail = `{"type":"oldstyle","payload":"`, `","env_version":"0.8"}`
	return head + strings.Repeat("x", bytes-len(head)-len(tail)) + tail
}

// garbage returns frames that hold no envelope, none of them larger than limit bytes.
func garbage(limit int) []string {
	frames := []string{
		"not an envelope",
		`{"type":"timer","payload":"38"`,
		`["type","timer"]`,
		"\xff\xfe\x00\x01",
		strings.Repeat(`{"a":`, 5000),
		strings.Repeat("[", 10000),
		strings.Repeat("garbage ", 20_000),
	}
	for i := range frames {
		frames[i] = frames[i][:min(len(frames[i]), limit)]
	}
	return frames
}

// compare reports what is wrong with the texts of offered, when each of want should be there once, in any order.
func compare(offered []record, want []string) (wrong []string) {
	count := make(map[string]int, len(want))
	for _, o := range offered {
		count[o.text]++
	}
	missing, repeated := 0, 0
	for _, w := range want {
		switch n := count[w]; {
		case n == 0:
			missing++
		case n > 1:
			repeated++
		}
		delete(count, w)
	}
	if missing > 0 {
		wrong = append(wrong, fmt.Sprintf("%d of %d messages were never offered", missing, len(want)))
	}
	if repeated > 0 {
		wrong = append(wrong, fmt.Sprintf("%d of %d messages were offered more than once", repeated, len(want)))
	}
	for text := range count {
		wrong = append(wrong, fmt.Sprintf("%d were offered that were never sent in this form, such as %.300s", len(count), text))
		break
	}
	return wrong
}
