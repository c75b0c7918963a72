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
// account says, and below them the parts' last errors. Terms that are 0 for all are left out, but for offered, done and
// dropped. Dead letters, which are Dropped "deadletter" to an account, have a column of their own: they went somewhere.
// What comes from outside, such as an error's text, is shortened and shown without control characters.
func (l *Ledger) String() string {
	parts := tree(l.look())
	accounts, keeps := make([]sink.Account, len(parts)), make([]bool, len(parts))
	var all sink.Account
	letters := uint64(0)
	for i, p := range parts {
		accounts[i], keeps[i] = p.account()
		all.Opening += accounts[i].Opening
		all.Refused += accounts[i].Refused
		all.Held += accounts[i].Held
		letters += accounts[i].Dropped[deadLetter]
	}
	all.Dropped = map[string]uint64{deadLetter: letters}
	columns := shown(&all)
	rows := [][]string{{""}}
	for _, c := range columns {
		rows[0] = append(rows[0], c.head)
	}
	for i, p := range parts {
		row := []string{strings.Repeat("  ", min(p.depth, maxIndent)) + clean(accounts[i].Name)}
		if keeps[i] {
			for _, c := range columns {
				row = append(row, c.cell(&accounts[i]))
			}
		} else {
			row[0] += " (keeps no account)"
		}
		rows = append(rows, row)
	}
	return table(rows) + lastErrors(accounts)
}

// A column is what one of an account's terms looks like.
type column struct {
	head string
	cell func(*sink.Account) string
}

// shown returns the columns of a report whose accounts add up to all.
func shown(all *sink.Account) (columns []column) {
	add := func(head string, wanted bool, cell func(*sink.Account) string) {
		if wanted {
			columns = append(columns, column{head, cell})
		}
	}
	add("opening", all.Opening > 0, func(a *sink.Account) string { return number(a.Opening) })
	add("offered", true, func(a *sink.Account) string { return number(a.Offered) })
	add("done", true, func(a *sink.Account) string { return number(a.Done) })
	add("refused", all.Refused > 0, func(a *sink.Account) string { return number(a.Refused) })
	add("held", all.Held > 0, held)
	add("dead letters", all.Dropped[deadLetter] > 0, func(a *sink.Account) string { return number(a.Dropped[deadLetter]) })
	add("dropped", true, dropped)
	return columns
}

// lastErrors lists the parts' last errors. What a part only passed on from one behind it is not told again.
func lastErrors(accounts []sink.Account) string {
	var b strings.Builder
	for i, a := range accounts {
		if a.LastError == nil || passedOn(accounts, i) {
			continue
		}
		text := a.LastError.Error()
		if a.Name != "" {
			text = strings.Replace(text, a.Name+": ", "", 1)
		}
		fmt.Fprintf(&b, "last error of %s: %s\n", clean(a.Name), clean(text))
	}
	return b.String()
}

// passedOn reports whether the error of account i holds that of another, or is that of an earlier one.
func passedOn(accounts []sink.Account, i int) bool {
	text := accounts[i].LastError.Error()
	for j, other := range accounts {
		if j == i || other.LastError == nil {
			continue
		}
		inner := other.LastError.Error()
		if inner == text && j > i || inner != text && strings.Contains(text, inner) {
			return true
		}
	}
	return false
}

const (
	deadLetter = "deadletter" // the reason under which accounts count what a dead letter took

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
		if n := a.Dropped[reason]; n > 0 && reason != deadLetter {
			reasons = append(reasons, fmt.Sprintf("%d %s", n, clean(reason)))
		}
	}
	if reasons == nil {
		return "0"
	}
	return strings.Join(reasons, ", ")
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

// table aligns rows: the first column to the left, the others to the right.
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
			if i == 0 {
				line.WriteString(cell + pad)
			} else {
				line.WriteString("  " + pad + cell)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
