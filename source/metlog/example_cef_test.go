package metlog_test

import (
	"context"
	"fmt"

	"github.com/mozilla-services/metlog-go/cef"
	"github.com/mozilla-services/metlog-go/source/metlog"
)

func ExampleClient_CEF() {
	m, err := metlog.New(printed(), &metlog.Options{Logger: "shop"})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	event := cef.Event{
		Vendor: "Example", Product: "shop", DeviceVersion: "1",
		Signature: cef.AuthFailure, Name: "bad login", Severity: 5,
	}
	event.Set(cef.SourceUserName, "amy=root")
	m.CEF(ctx, event, cef.Meta{Priority: "ALERT", Facility: "LOCAL4"})
	if err := m.Shutdown(ctx); err != nil {
		fmt.Println(err)
	}
	// Output:
	// Info cef CEF:0|Example|shop|1|AuthFail|bad login|5|suser=amy\=root {"cef_meta":{"syslog_priority":"ALERT","syslog_ident":null,"syslog_facility":"LOCAL4","syslog_options":null}}
}
