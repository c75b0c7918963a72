package route

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"github.com/mozilla-services/metlog-go/envelope"
)

// A literal is the right side of a test.
type literal struct {
	kind literalKind
	text string // a string: decoded; a number: as it was written; a boolean: "true" or "false"; a severity: its name
	num  number // of a number and of a severity
}

type literalKind uint8

const (
	nilLiteral literalKind = iota
	boolLiteral
	stringLiteral
	numberLiteral
	severityLiteral
)

func literalOf(v any) (literal, error) {
	switch v := v.(type) {
	case nil:
		return literal{}, nil
	case envelope.Severity:
		return severityOf(v), nil
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Bool:
		return boolOf(r.Bool()), nil
	case reflect.String:
		return literal{kind: stringLiteral, text: r.String()}, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return numberOf(strconv.FormatInt(r.Int(), 10))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return numberOf(strconv.FormatUint(r.Uint(), 10))
	case reflect.Float32, reflect.Float64:
		return numberOf(strconv.FormatFloat(r.Float(), 'g', -1, r.Type().Bits()))
	}
	return literal{}, fmt.Errorf("no message holds a %T to compare with", v)
}

func boolOf(b bool) literal { return literal{kind: boolLiteral, text: strconv.FormatBool(b)} }

func numberOf(text string) (literal, error) {
	n, ok := parseNumber(text)
	if !ok {
		return literal{}, errors.New(text + " is no number that JSON has")
	}
	return literal{kind: numberLiteral, text: text, num: n}, nil
}

func severityOf(s envelope.Severity) literal {
	n, _ := parseNumber(strconv.Itoa(s.Code()))
	return literal{kind: severityLiteral, text: s.String(), num: n}
}

// severityNamed returns the severity that the text form calls name.
func severityNamed(name string) (literal, bool) {
	for s := envelope.Emergency; s <= envelope.Debug; s++ {
		if s.String() == name {
			return severityOf(s), true
		}
	}
	return literal{}, false
}
