package main

import (
	"bytes"
	"os"
	"testing"
)

// The tour promises an instrumented service on one screen, every error checked.
func TestFitsFiftyFiveLines(t *testing.T) {
	text, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(text, []byte("\n")); n > 55 {
		t.Errorf("main.go has %d lines", n)
	}
}
