//go:build !cgo

package zmqsocket

import (
	"errors"
	"testing"
)

func TestUnavailable(t *testing.T) {
	if _, err := Open(Settings{}); !errors.Is(err, ErrUnavailable) || !errors.Is(Available(), ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}
