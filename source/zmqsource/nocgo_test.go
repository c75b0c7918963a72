//go:build !cgo

package zmqsource

import (
	"strings"
	"testing"
)

func TestNewSaysWhatToInstall(t *testing.T) {
	if _, err := New([]string{"tcp://127.0.0.1:5565"}, nil); err == nil || !strings.Contains(err.Error(), "libzmq3-dev") {
		t.Errorf("got %v", err)
	}
}
