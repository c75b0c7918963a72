// Package isnil finds what a constructor must refuse: a nil interface and a nil pointer inside one.
package isnil

import "reflect"

// Is reports whether v is nil or holds a nil pointer, function, map, slice, channel or interface.
func Is(v any) bool {
	if v == nil {
		return true
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Slice, reflect.Chan, reflect.Interface:
		return r.IsNil()
	}
	return false
}
