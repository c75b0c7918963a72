package ledger

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mozilla-services/metlog-go/sink"
)

// String returns the report: a line for each part, indented by how far it is from the parts given to [New], with what its
// account says. What comes from outside, such as an error's text, is shortened and shown without control characters.
func (l *Ledger) String() string {
	rows := [][]string{{"", "opening", "offered", "done", "refused", "held", "dropped", "last error"}}
	for _, p := range l.look() {
		a, ok := p.account()
		name := strings.Repeat("  ", min(p.depth, maxIndent)) + clean(a.Name)
		if !ok {
			rows = append(rows, []string{name + " (keeps no account)"})
			continue
		}
		rows = append(rows, []string{
			name, number(a.Opening), number(a.Offered), number(a.Done), number(a.Refused), held(&a), dropped(&a), lastError(&a),
		})
	}
	return table(rows)
}

const (
	maxIndent = 8
	maxText   = 120 // characters of a name or an error
)

func number(n uint64) string { return strconv.FormatUint(n, 10) }

func held(a *sink.Account) string {
	if a.HeldBytes == 0 {
		return number(a.Held)
	}
	return fmt.Sprintf("%d (%d B)", a.Held, a.HeldBytes)
}

func dropped(a *sink.Account) string {
	var reasons []string
	for _, reason := range slices.Sorted(maps.Keys(a.Dropped)) {
		if n := a.Dropped[reason]; n > 0 {
			reasons = append(reasons, fmt.Sprintf("%d %s", n, clean(reason)))
		}
	}
	if reasons == nil {
		return "0"
	}
	return strings.Join(reasons, ", ")
}

func lastError(a *sink.Account) string {
	if a.LastError == nil {
		return ""
	}
	return clean(a.LastError.Error())
}

// clean returns text as one short printable line.
func clean(text string) string {
	var b strings.Builder
	n := 0
	for _, r := range text {
		if n++; n > maxText {
			b.WriteRune('…')
			break
		}
		if !unicode.IsPrint(r) {
			r = unicode.ReplacementChar
		}
		b.WriteRune(r)
	}
	return b.String()
}

// table aligns rows: the first column and the last to the left, the others to the right.
func table(rows [][]string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			switch i {
			case 0:
				line.WriteString(cell + pad)
			case len(widths) - 1:
				line.WriteString("  " + cell)
			default:
				line.WriteString("  " + pad + cell)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
