package cef_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mozilla-services/metlog-go/cef"
)

// The keys and limits of the standard's dictionary.
func TestKeys(t *testing.T) {
	for _, tt := range []struct {
		key   cef.Key
		want  string
		limit int
	}{
		{cef.ApplicationProtocol, "app", 31},
		{cef.BaseEventCount, "cnt", 0},
		{cef.BytesIn, "in", 0},
		{cef.BytesOut, "out", 0},
		{cef.DestinationAddress, "dst", 0},
		{cef.DestinationHostName, "dhost", 1023},
		{cef.DestinationPort, "dpt", 0},
		{cef.DestinationProcessName, "dproc", 1023},
		{cef.DestinationUserID, "duid", 1023},
		{cef.DestinationUserName, "duser", 1023},
		{cef.DestinationUserPrivileges, "dpriv", 1023},
		{cef.DeviceAction, "act", 63},
		{cef.DeviceAddress, "dvc", 0},
		{cef.DeviceCustomDate1, "deviceCustomDate1", 0},
		{cef.DeviceCustomDate2, "deviceCustomDate2", 0},
		{cef.DeviceCustomDate2.Label(), "deviceCustomDate2Label", 1023},
		{cef.DeviceCustomNumber1, "cn1", 0},
		{cef.DeviceCustomNumber2, "cn2", 0},
		{cef.DeviceCustomNumber3, "cn3", 0},
		{cef.DeviceCustomNumber3.Label(), "cn3Label", 1023},
		{cef.DeviceCustomString1, "cs1", 4000},
		{cef.DeviceCustomString2, "cs2", 4000},
		{cef.DeviceCustomString3, "cs3", 4000},
		{cef.DeviceCustomString4, "cs4", 4000},
		{cef.DeviceCustomString5, "cs5", 4000},
		{cef.DeviceCustomString6, "cs6", 4000},
		{cef.DeviceCustomString6.Label(), "cs6Label", 1023},
		{cef.DeviceEventCategory, "cat", 1023},
		{cef.DeviceExternalID, "deviceExternalId", 255},
		{cef.DeviceFacility, "deviceFacility", 1023},
		{cef.DeviceHostName, "dvchost", 100},
		{cef.DeviceProcessID, "dvcpid", 0},
		{cef.DeviceProcessName, "deviceProcessName", 1023},
		{cef.EndTime, "end", 0},
		{cef.EventOutcome, "outcome", 63},
		{cef.ExternalID, "externalId", 40},
		{cef.FileHash, "fileHash", 255},
		{cef.FileName, "fname", 1023},
		{cef.FilePath, "filePath", 1023},
		{cef.FileSize, "fsize", 0},
		{cef.Message, "msg", 1023},
		{cef.Reason, "reason", 1023},
		{cef.ReceiptTime, "rt", 0},
		{cef.RequestClientApplication, "requestClientApplication", 1023},
		{cef.RequestContext, "requestContext", 2048},
		{cef.RequestCookies, "requestCookies", 1023},
		{cef.RequestMethod, "requestMethod", 1023},
		{cef.RequestURL, "request", 1023},
		{cef.SourceAddress, "src", 0},
		{cef.SourceHostName, "shost", 1023},
		{cef.SourcePort, "spt", 0},
		{cef.SourceProcessName, "sproc", 1023},
		{cef.SourceUserID, "suid", 1023},
		{cef.SourceUserName, "suser", 1023},
		{cef.SourceUserPrivileges, "spriv", 1023},
		{cef.StartTime, "start", 0},
		{cef.TransportProtocol, "proto", 31},
		{"free", "free", 0},
		{"freeLabel", "freeLabel", 0},
	} {
		if string(tt.key) != tt.want || tt.key.Limit() != tt.limit {
			t.Errorf("%s, want %s; limit %d, want %d", tt.key, tt.want, tt.key.Limit(), tt.limit)
		}
		if err := tt.key.Check(); err != nil {
			t.Error(err)
		}
	}
}

func TestClip(t *testing.T) {
	const key = cef.TransportProtocol // 31 bytes
	for _, tt := range []struct{ name, value, want string }{
		{"short", "tcp", "tcp"},
		{"exact", strings.Repeat("a", 31), strings.Repeat("a", 31)},
		{"long", strings.Repeat("a", 32), strings.Repeat("a", 31)},
		{"characters", strings.Repeat("é", 16), strings.Repeat("é", 15)},
		{"large characters", strings.Repeat("😀", 8), strings.Repeat("😀", 7)},
		{"not UTF-8", strings.Repeat("\x80", 32), strings.Repeat("\x80", 31)},
	} {
		if got := key.Clip(tt.value); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if long := strings.Repeat("a", 9999); cef.Key("free").Clip(long) != long {
		t.Error("a free key has a limit")
	}
}

func TestTime(t *testing.T) {
	at := time.Date(2026, 11, 23, 11, 0, 0, 123_456_789, time.FixedZone("", 3600))
	if got := cef.Time(at); got != "1795428000123" {
		t.Errorf("%s, %d", got, at.UnixMilli())
	}
}

// The signatures that the Python package defines.
func TestSignatures(t *testing.T) {
	got := strings.Join([]string{cef.AuthFailure, cef.CaptchaFailure, cef.OverrideFailure, cef.AccountLocked, cef.PasswordResetCleared}, " ")
	if got != "AuthFail CaptchaFail InvalidAdmin AccountLockout PasswordResetCleared" {
		t.Error(got)
	}
}

func TestMeta(t *testing.T) {
	priorities := map[string]int{"": 6, "EMERG": 0, "ALERT": 1, "CRIT": 2, "ERR": 3, "WARNING": 4, "NOTICE": 5, "INFO": 6, "DEBUG": 7, " ERR ": 3}
	for name, want := range priorities {
		m := cef.Meta{Priority: name}
		if code, ok := m.PriorityCode(); code != want || !ok {
			t.Errorf("priority %q: %d %v", name, code, ok)
		}
	}
	facilities := map[string]int{"": 20, "KERN": 0, "USER": 1, "MAIL": 2, "DAEMON": 3, "AUTH": 4, "LPR": 6, "NEWS": 7, "UUCP": 8, "CRON": 9,
		"LOCAL0": 16, "LOCAL1": 17, "LOCAL2": 18, "LOCAL3": 19, "LOCAL4": 20, "LOCAL5": 21, "LOCAL6": 22, "LOCAL7": 23, " MAIL": 2}
	for name, want := range facilities {
		m := cef.Meta{Facility: name}
		if code, ok := m.FacilityCode(); code != want || !ok {
			t.Errorf("facility %q: %d %v", name, code, ok)
		}
	}
	for _, name := range []string{"err", "LOG_ERR", "3", "LOCAL8", "LOCAL", "LOCAL10", "SYSLOG", "ERR,INFO", "\n"} {
		m := cef.Meta{Priority: name, Facility: name}
		p, ok1 := m.PriorityCode()
		f, ok2 := m.FacilityCode()
		if name == "\n" {
			ok1, ok2 = !ok1, !ok2 // blanks are nothing
		}
		if p != 6 || f != 20 || ok1 || ok2 {
			t.Errorf("%q: %d %v, %d %v", name, p, ok1, f, ok2)
		}
	}
	for options, want := range map[string]bool{"": false, "PID": true, "CONS, PID": true, "NDELAY,NOWAIT": false, "pid": false, "PIDS": false} {
		m := cef.Meta{Options: options}
		if m.PID() != want {
			t.Errorf("options %q: %v", options, m.PID())
		}
	}
}
