package cef

// A Key is the name of an extension. Any of letters, digits, underscore, dot and hyphen will do; those with a name here are
// of the standard's dictionary, which says what they hold.
type Key string

const maxKey = 1023

// Check returns an [*Error] if a key cannot be written.
func (k Key) Check() error {
	switch {
	case k == "":
		return &Error{Reason: "an empty key"}
	case len(k) > maxKey:
		return &Error{Key: k, Reason: "longer than 1023 bytes"}
	}
	for i := range len(k) {
		if !inKey[k[i]] {
			return &Error{Key: k, Reason: "has other characters than letters, digits, underscore, dot and hyphen"}
		}
	}
	return nil
}

var inKey = func() (t [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-" {
		t[c] = true
	}
	return
}()

// The keys that metlog writes for a request.
const (
	SourceAddress            Key = "src"                      // from where it came: an IP address
	SourceUserName           Key = "suser"                    // who sent it
	DestinationHostName      Key = "dhost"                    // whom it asked
	RequestURL               Key = "request"                  // for what
	RequestMethod            Key = "requestMethod"            // by which method
	RequestClientApplication Key = "requestClientApplication" // with which program
)
