package zmqsocket

import (
	"strings"
	"testing"
)

func TestParseEndpoint(t *testing.T) {
	for _, c := range []struct {
		name, text string
		bind       bool
		want       Endpoint
	}{
		{"binds", "tcp://127.0.0.1:5565", true, Endpoint{"tcp://127.0.0.1:5565", true}},
		{"connects", "tcp://127.0.0.1:5565", false, Endpoint{"tcp://127.0.0.1:5565", false}},
		{"marked to connect", ">tcp://example.net:5565", true, Endpoint{"tcp://example.net:5565", false}},
		{"marked to bind", "@tcp://*:5565", false, Endpoint{"tcp://*:5565", true}},
		{"IPv6", "tcp://[::1]:5565", true, Endpoint{"tcp://[::1]:5565", true}},
		{"any port", "tcp://127.0.0.1:*", true, Endpoint{"tcp://127.0.0.1:*", true}},
		{"port 0", "tcp://127.0.0.1:0", true, Endpoint{"tcp://127.0.0.1:0", true}},
		{"local", "ipc:///run/metlog", true, Endpoint{"ipc:///run/metlog", true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := ParseEndpoint(c.text, c.bind); err != nil || got != c.want {
				t.Errorf("got %v, %v; want %v", got, err, c.want)
			}
		})
	}
}

func TestParseEndpointRefuses(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"empty", ""},
		{"mark alone", ">"},
		{"two marks", ">@tcp://127.0.0.1:5565"},
		{"no scheme", "127.0.0.1:5565"},
		{"within one context", "inproc://metlog"},
		{"multicast", "pgm://239.192.1.1:5555"},
		{"UDP", "udp://127.0.0.1:5565"},
		{"no port", "tcp://127.0.0.1"},
		{"empty port", "tcp://127.0.0.1:"},
		{"no host", "tcp://:5565"},
		{"named port", "tcp://127.0.0.1:metlog"},
		{"port too large", "tcp://127.0.0.1:65536"},
		{"connect to port 0", ">tcp://127.0.0.1:0"},
		{"connect to any port", ">tcp://127.0.0.1:*"},
		{"connect to any host", ">tcp://*:5565"},
		{"source address", ">tcp://127.0.0.1:0;10.0.0.1:5565"},
		{"path", "tcp://127.0.0.1/x:5565"},
		{"local without path", "ipc://"},
		{"NUL", "ipc:///run/metlog\x00.old"},
		{"newline", "tcp://127.0.0.1:5565\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := ParseEndpoint(c.text, true); err == nil {
				t.Errorf("got %v", got)
			} else if strings.ContainsAny(err.Error(), "\n\x00") {
				t.Errorf("the error holds control characters: %q", err)
			}
		})
	}
}

func TestExposed(t *testing.T) {
	for _, c := range []struct {
		text string
		want bool
	}{
		{"tcp://127.0.0.1:5565", false},
		{"tcp://127.200.0.1:5565", false},
		{"tcp://localhost:5565", false},
		{"tcp://[::1]:5565", false},
		{"tcp://[::ffff:127.0.0.1]:5565", false},
		{"ipc:///run/metlog", false},
		{">tcp://192.0.2.1:5565", false},
		{"tcp://*:5565", true},
		{"tcp://0.0.0.0:5565", true},
		{"tcp://[::]:5565", true},
		{"tcp://192.0.2.1:5565", true},
		{"tcp://eth0:5565", true},
		{"tcp://localhost.example.net:5565", true},
		{"tcp://0177.0.0.1:5565", true},
	} {
		t.Run(c.text, func(t *testing.T) {
			e, err := ParseEndpoint(c.text, true)
			if err != nil {
				t.Fatal(err)
			}
			if got := e.Exposed(); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func FuzzParseEndpoint(f *testing.F) {
	f.Add("tcp://127.0.0.1:5565")
	f.Add(">tcp://[::1%lo]:*")
	f.Add("@ipc://@abstract")
	f.Fuzz(func(t *testing.T, text string) {
		e, err := ParseEndpoint(text, true)
		if err != nil {
			return
		}
		again, err := ParseEndpoint(e.Address, e.Bind)
		if err != nil || again != e {
			t.Errorf("%q is %v, which is %v, %v", text, e, again, err)
		}
		if strings.Contains(e.Address, "\x00") {
			t.Errorf("%q has a NUL", e.Address)
		}
	})
}
