package cef_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mozilla-services/metlog-go/cef"
)

// Whatever a value holds stays in it.
func Example() {
	e := cef.Event{
		Vendor: "Example", Product: "shop", DeviceVersion: "1",
		Signature: cef.AuthFailure, Name: "bad login", Severity: 5,
	}
	e.Set(cef.SourceAddress, "203.0.113.9")
	e.Set(cef.RequestURL, "/login")
	e.Set(cef.SourceUserName, "amy src=127.0.0.1\nCEF:0|Example|shop|1|x|all is well|0|")
	line, err := e.Append(nil)
	if err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%s\n", line)

	// Output:
	// CEF:0|Example|shop|1|AuthFail|bad login|5|src=203.0.113.9 request=/login suser=amy src\=127.0.0.1\nCEF:0|Example|shop|1|x|all is well|0|
}

// A line of the Python package cef, which begins with a date and a host.
func ExampleParse() {
	l, err := cef.Parse(`Nov 02 09:30:00 web3.test CEF:0|Ac|me|shop|1|AuthFail|bad login|8|src=203.0.113.9 request=/a?b\=c suser=amy`)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, host, _ := l.Stamp()
	request, _ := l.Get(cef.RequestURL)
	fmt.Printf("%s: %s (%d) at %s by %s for %s\n", host, l.Name, l.Severity, l.Vendor, l.Product, request)

	// Output:
	// web3.test: bad login (8) at Ac|me by shop for /a?b=c
}

func ExampleError() {
	e := cef.Event{Name: "bad login", Severity: 11}
	_, err := e.Append(nil)
	var wrong *cef.Error
	if errors.As(err, &wrong) {
		fmt.Println(wrong.Header)
	}
	fmt.Println(err)

	// Output:
	// severity
	// cef: severity: 11 is not between 0 and 10
}

// What the standard has no key for goes by one of those that are everybody's own.
func ExampleEvent_SetLabelled() {
	e := cef.Event{Vendor: "Example", Product: "shop", Name: "cart refused", Severity: 3}
	e.SetLabelled(cef.DeviceCustomNumber1, "items", "1200")
	e.SetLabelled(cef.DeviceCustomDate1, "opened", cef.Time(time.Unix(1795428000, 0)))
	line, err := e.Append(nil)
	fmt.Printf("%s %v\n", line, err)

	// Output:
	// CEF:0|Example|shop|||cart refused|3|cn1Label=items cn1=1200 deviceCustomDate1Label=opened deviceCustomDate1=1795428000000 <nil>
}

// What is stored is bounded, so it is better cut where it is known what is lost.
func ExampleKey_Clip() {
	fmt.Println(cef.SourceUserName.Limit(), len(cef.SourceUserName.Clip(strings.Repeat("é", 1000))))

	// Output:
	// 1023 1022
}

func ExampleMeta() {
	meta := cef.Meta{Priority: "ALERT", Facility: "LOCAL9"}
	priority, ok := meta.PriorityCode()
	fmt.Println(priority, ok)
	facility, ok := meta.FacilityCode() // there is none of that name
	fmt.Println(facility, ok)

	// Output:
	// 1 true
	// 20 false
}
