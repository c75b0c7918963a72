package hdfssink

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mozilla-services/metlog-go/sink"
)

// What a namenode takes by default: dfs.namenode.fs-limits.max-component-length and the limit of any path.
const (
	maxComponentBytes = 255
	maxPathBytes      = 8000
)

// A NameError is a name that Put refuses, or a root that New does: no path below the root that HDFS takes and readers see.
// It is permanent.
type NameError struct {
	Name   string // at most the first 200 bytes
	Reason string
}

func (e *NameError) Error() string { return fmt.Sprintf("the name %q %s", e.Name, e.Reason) }

// finalPath returns where a name of the archive stands in HDFS.
func (s *Store) finalPath(name string) (string, error) {
	reason := wrongPath(name)
	if reason == "" && isHidden(name) {
		reason = "is hidden from readers"
	}
	final := path.Join(s.root, name)
	if reason == "" && len(final) > maxPathBytes {
		reason = "is too long"
	}
	if reason != "" {
		return "", sink.Permanent(&NameError{Name: strings.Clone(name[:min(len(name), 200)]), Reason: reason})
	}
	return final, nil
}

// isHidden is the rule of Hive, Spark and map-reduce. What HDFS reserves (.snapshot, .reserved) is hidden too.
func isHidden(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if part[0] == '_' || part[0] == '.' {
			return true
		}
	}
	return false
}

// wrongPath says why a relative path cannot stand in HDFS, or nothing.
func wrongPath(name string) string {
	switch {
	case name == "":
		return "is empty"
	case len(name) > maxPathBytes:
		return "is too long"
	case !utf8.ValidString(name):
		return "is not UTF-8"
	case !fs.ValidPath(name) || name == ".":
		return "is no relative path"
	}
	for part := range strings.SplitSeq(name, "/") {
		if len(part) > maxComponentBytes {
			return "has a part that is too long"
		}
	}
	for _, r := range name {
		if r == ':' || !unicode.IsPrint(r) {
			return fmt.Sprintf("holds %q", r)
		}
	}
	return ""
}

// checkRoot returns a root without what does not matter in it.
func checkRoot(root string) (string, error) {
	clean := path.Clean(root)
	reason := ""
	switch {
	case !strings.HasPrefix(root, "/"):
		reason = "is not absolute"
	case strings.Contains(root+"/", "/../"): // what is meant is not for us to guess
		reason = `holds ".."`
	case clean != "/":
		reason = wrongPath(clean[1:])
	}
	if reason != "" {
		return "", fmt.Errorf("hdfssink: root: %w", sink.Permanent(&NameError{Name: root[:min(len(root), 200)], Reason: reason}))
	}
	return clean, nil
}
