package sentrysink

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/klauspost/compress/zlib"
)

// inflate returns what a payload of the old clients holds: base64 of zlib. It reads no more than limit bytes of it.
func inflate(payload string, limit int) (string, error) {
	z, err := zlib.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(payload)))
	if err != nil && json.Valid([]byte(payload)) {
		return "", errObject
	}
	if err != nil {
		return "", fmt.Errorf("the payload is neither a JSON object nor base64 of zlib: %w", noEnd(err))
	}
	var text strings.Builder
	_, err = io.Copy(&text, io.LimitReader(z, int64(min(limit, math.MaxInt-1))+1))
	if text.Len() > limit {
		return "", fmt.Errorf("the payload inflates to more than %d bytes", limit)
	}
	if err != nil {
		return "", fmt.Errorf("the payload does not inflate: %w", noEnd(err))
	}
	return text.String(), nil
}

// noEnd says what io.EOF means here.
func noEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
