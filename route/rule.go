package route

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mozilla-services/metlog-go/internal/isnil"
	"github.com/mozilla-services/metlog-go/sink"
)

// A Rule sends the messages that When matches to a sink.
type Rule struct {
	Name string    // unique in its router; printable, at most 128 bytes
	When Matcher   // the zero Matcher matches everything
	To   sink.Sink // who gets them; not nil

	// BestEffort makes what To does not take a drop in the rule's account instead of an error of Send. It does not make
	// the sink asynchronous: one that can wait belongs behind a queue.
	BestEffort bool
}

const maxName = 128

// validate returns everything that is wrong with rules, by rule.
func validate(rules []Rule) error {
	if len(rules) == 0 {
		return errors.New("no rule")
	}
	var errs []error
	seen := make(map[string]bool, len(rules))
	for i := range rules {
		r := &rules[i]
		if r.Name == "" {
			errs = append(errs, fmt.Errorf("rule %d has no name", i))
			continue
		}
		if err := r.validate(); err != nil {
			errs = append(errs, fmt.Errorf("rule %.*q: %w", maxName, r.Name, err))
		}
		if seen[r.Name] {
			errs = append(errs, fmt.Errorf("rule %.*q: the name is taken", maxName, r.Name))
		}
		seen[r.Name] = true
	}
	return errors.Join(errs...)
}

func (r *Rule) validate() error {
	var errs []error
	unprintable := func(c rune) bool { return !unicode.IsPrint(c) }
	if len(r.Name) > maxName || !utf8.ValidString(r.Name) || strings.ContainsFunc(r.Name, unprintable) {
		errs = append(errs, errors.New("the name is too long or not printable"))
	}
	if isnil.Is(r.To) {
		errs = append(errs, errors.New("To is nil"))
	}
	if err := r.When.node().validate(true); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// borrows reports whether every rule's sink keeps no message.
func borrows(rules []Rule) bool {
	for i := range rules {
		if !sink.Borrows(rules[i].To) {
			return false
		}
	}
	return true
}
