package cef

import (
	"strings"
	"unicode/utf8"
)

// A Key is the name of an extension. Any word of letters, digits, underscores and dots that does not begin with a dot will
// do; those with a name here are of the standard's dictionary, which says what their values are.
type Key string

const maxKey = 1023

// Check returns an [*Error] if a key cannot be written.
func (k Key) Check() error {
	switch {
	case k == "":
		return &Error{Reason: "an empty key"}
	case len(k) > maxKey:
		return &Error{Key: k, Reason: "longer than 1023 bytes"}
	case k[0] == '.':
		return &Error{Key: k, Reason: "begins with a dot"}
	}
	for i := range len(k) {
		if !inKey(k[i]) || k[i] == '-' {
			return &Error{Key: k, Reason: "has other characters than letters, digits, underscore and dot"}
		}
	}
	return nil
}

// inKey reports whether c stands in keys of what is read.
func inKey(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-'
}

// readable returns a key that has been read as one that can be written.
func readable(s string) Key {
	if s[0] == '.' {
		s = "_" + s[1:]
	}
	return Key(strings.ReplaceAll(s, "-", "_"))
}

// Label returns the key that says what a key holds that is everybody's own, such as [DeviceCustomString1].
func (k Key) Label() Key { return k + "Label" }

// Clip returns as much of the beginning of value as [Key.Limit] allows, in whole characters.
func (k Key) Clip(value string) string {
	n := k.Limit()
	if n == 0 || len(value) <= n {
		return value
	}
	for i := n; i > n-utf8.UTFMax; i-- {
		if utf8.RuneStart(value[i]) {
			return value[:i]
		}
	}
	return value[:n] // not UTF-8
}

// The keys of a request, which [github.com/mozilla-services/metlog-go/middleware.Event] writes.
const (
	SourceAddress            Key = "src"                      // from where it came: an IP address
	SourceUserName           Key = "suser"                    // who sent it
	DestinationHostName      Key = "dhost"                    // whom it asked
	RequestURL               Key = "request"                  // for what
	RequestMethod            Key = "requestMethod"            // in which way
	RequestClientApplication Key = "requestClientApplication" // with which program: the User-Agent
)

// Keys for what the dictionary has no key for, each with a label that says what it holds: see [Event.SetLabelled].
const (
	DeviceCustomString1 Key = "cs1" // at most 4000 bytes
	DeviceCustomString2 Key = "cs2"
	DeviceCustomString3 Key = "cs3"
	DeviceCustomString4 Key = "cs4"
	DeviceCustomString5 Key = "cs5"
	DeviceCustomString6 Key = "cs6"
	DeviceCustomNumber1 Key = "cn1" // a whole number of 64 bits
	DeviceCustomNumber2 Key = "cn2"
	DeviceCustomNumber3 Key = "cn3"
	DeviceCustomDate1   Key = "deviceCustomDate1" // see Time
	DeviceCustomDate2   Key = "deviceCustomDate2"
)

// Other keys of the dictionary.
const (
	ApplicationProtocol       Key = "app"
	BaseEventCount            Key = "cnt" // how many events this one stands for
	BytesIn                   Key = "in"
	BytesOut                  Key = "out"
	DestinationAddress        Key = "dst"
	DestinationPort           Key = "dpt"
	DestinationProcessName    Key = "dproc"
	DestinationUserID         Key = "duid" // whom the event is about
	DestinationUserName       Key = "duser"
	DestinationUserPrivileges Key = "dpriv"
	DeviceAction              Key = "act" // what was done about it
	DeviceAddress             Key = "dvc"
	DeviceEventCategory       Key = "cat"
	DeviceExternalID          Key = "deviceExternalId"
	DeviceFacility            Key = "deviceFacility"
	DeviceHostName            Key = "dvchost"
	DeviceProcessID           Key = "dvcpid"
	DeviceProcessName         Key = "deviceProcessName"
	EndTime                   Key = "end" // see Time
	EventOutcome              Key = "outcome"
	ExternalID                Key = "externalId" // what the sender calls the event
	FileHash                  Key = "fileHash"
	FileName                  Key = "fname"
	FilePath                  Key = "filePath"
	FileSize                  Key = "fsize"
	Message                   Key = "msg"
	Reason                    Key = "reason"
	ReceiptTime               Key = "rt" // see Time
	RequestContext            Key = "requestContext"
	RequestCookies            Key = "requestCookies"
	SourceHostName            Key = "shost"
	SourcePort                Key = "spt"
	SourceProcessName         Key = "sproc"
	SourceUserID              Key = "suid"
	SourceUserPrivileges      Key = "spriv"
	StartTime                 Key = "start" // see Time
	TransportProtocol         Key = "proto"
)

// Limit returns how many bytes of a key's value ArcSight stores (standard, "Extension Dictionary"; it does not say whether
// it means characters), or 0 for keys without a limit. Append does not look at it.
func (k Key) Limit() int {
	switch k {
	case ApplicationProtocol, TransportProtocol:
		return 31
	case ExternalID:
		return 40
	case DeviceAction, EventOutcome:
		return 63
	case DeviceHostName:
		return 100
	case DeviceExternalID, FileHash:
		return 255
	case DestinationHostName, DestinationProcessName, DestinationUserID, DestinationUserName, DestinationUserPrivileges,
		DeviceEventCategory, DeviceFacility, DeviceProcessName, FileName, FilePath, Message, Reason, RequestClientApplication,
		RequestCookies, RequestMethod, RequestURL, SourceHostName, SourceProcessName, SourceUserID, SourceUserName,
		SourceUserPrivileges:
		return 1023
	case RequestContext:
		return 2048
	case DeviceCustomString1, DeviceCustomString2, DeviceCustomString3, DeviceCustomString4, DeviceCustomString5, DeviceCustomString6:
		return 4000
	}
	if custom, ok := strings.CutSuffix(string(k), "Label"); ok {
		switch Key(custom) {
		case DeviceCustomString1, DeviceCustomString2, DeviceCustomString3, DeviceCustomString4, DeviceCustomString5,
			DeviceCustomString6, DeviceCustomNumber1, DeviceCustomNumber2, DeviceCustomNumber3, DeviceCustomDate1, DeviceCustomDate2:
			return 1023
		}
	}
	return 0
}
