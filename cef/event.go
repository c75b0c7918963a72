package cef

import (
	"slices"
	"strconv"
	"time"
)

// An Event is what one line of CEF says (standard, "Header Information"). The zero value of each header may be written.
type Event struct {
	// Version is the format's: 0, or 1 for events that need it.
	Version int

	// Vendor, Product and DeviceVersion name what sends the event: at most 63, 63 and 31 bytes where ArcSight stores them.
	Vendor, Product, DeviceVersion string

	// Signature identifies the kind of event (the standard's Device Event Class ID): at most 1023 bytes, see [AuthFailure].
	Signature string

	// Name says to a reader what happened: at most 512 bytes.
	Name string

	// Severity is how much the event matters: 0 to 10.
	Severity int

	// Extensions are written in their order. A key should stand there once: readers differ on which of two they keep.
	Extensions []Extension
}

// An Extension is a key and its value, which may be any text.
type Extension struct {
	Key   Key
	Value string
}

// Get returns the value of a key, the last if there are several.
func (e *Event) Get(key Key) (value string, ok bool) {
	for i := len(e.Extensions) - 1; i >= 0; i-- {
		if e.Extensions[i].Key == key {
			return e.Extensions[i].Value, true
		}
	}
	return "", false
}

// Set gives a key its value, in its place if it is there already, else at the end.
func (e *Event) Set(key Key, value string) {
	i := slices.IndexFunc(e.Extensions, func(x Extension) bool { return x.Key == key })
	if i < 0 {
		e.Extensions = append(e.Extensions, Extension{key, value})
		return
	}
	e.Extensions[i].Value = value
	e.Extensions = append(e.Extensions[:i+1], slices.DeleteFunc(e.Extensions[i+1:], func(x Extension) bool { return x.Key == key })...)
}

// SetLabelled gives a key that is everybody's own, such as [DeviceCustomString1], its value, and the key's label the name
// of what it holds.
func (e *Event) SetLabelled(key Key, label, value string) {
	e.Set(key.Label(), label)
	e.Set(key, value)
}

// Time returns t in the form that keys for times take and that needs no zone: milliseconds since 1970 (standard, "Date
// Formats").
func Time(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
