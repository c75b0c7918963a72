package metlog

import (
	"fmt"
	"maps"
	"slices"

	"github.com/mozilla-services/metlog-go/envelope"
)

// A Filter reports whether messages of a type and severity are sent. It is called concurrently, before anything else
// is done. A panic of a filter lets the message pass and goes to OnError.
type Filter func(typ string, severity envelope.Severity) bool

// MaxSeverity passes messages of this severity and of those that are worse. Its name is of RFC 5424's numbers, which are
// less the worse it is, from 0 for Emergency to 7 for Debug: the ceiling envelope.Warning, 4, passes 0 to 4.
func MaxSeverity(ceiling envelope.Severity) Filter {
	return func(_ string, severity envelope.Severity) bool { return severity <= ceiling }
}

// OnlyTypes passes messages of these types.
func OnlyTypes(types ...string) Filter {
	types = slices.Clone(types)
	return func(typ string, _ envelope.Severity) bool { return slices.Contains(types, typ) }
}

// NotTypes passes messages of all types but these.
func NotTypes(types ...string) Filter {
	types = slices.Clone(types)
	return func(typ string, _ envelope.Severity) bool { return !slices.Contains(types, typ) }
}

// MaxSeverityOf is [MaxSeverity] for each of these types. Messages of other types pass.
func MaxSeverityOf(types map[string]envelope.Severity) Filter {
	types = maps.Clone(types)
	return func(typ string, severity envelope.Severity) bool {
		ceiling, ok := types[typ]
		return !ok || severity <= ceiling
	}
}

// passes asks the filters.
func (c *Client) passes(typ string, severity envelope.Severity) bool {
	return c.options.Filters == nil || c.filter(typ, severity)
}

func (c *Client) filter(typ string, severity envelope.Severity) (pass bool) {
	defer func() {
		if thrown := recover(); thrown != nil {
			pass = true
			c.report.tell(fmt.Errorf("metlog: a filter panicked: %s", textOf(thrown)))
		}
	}()
	for _, f := range c.options.Filters {
		if !f(typ, severity) {
			return false
		}
	}
	return true
}
