package main

import (
	"bytes"
	"os"
	"testing"
)

// The tour promises a whole router on one screen and a half, every error checked.
func TestFitsEightyLines(t *testing.T) {
	text, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(text, []byte("\n")); n > 80 {
		t.Errorf("main.go has %d lines", n)
	}
}
