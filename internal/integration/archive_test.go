package integration

import (
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What the router archives is read with the tools at hand, in every form it has, and named as Hive wants it at all times.
func TestArchiveReadsWithCommonTools(t *testing.T) {
	tests := []struct {
		name  string
		flags []string
		read  []string
		ext   string
	}{
		{"default", nil, []string{"gunzip", "-c"}, `\.gz`},
		{"gzip, synced", []string{"-compress", "gzip", "-sync"}, []string{"gunzip", "-c"}, `\.gz`},
		{"zstd", []string{"-compress", "zstd"}, []string{"zstd", "-dcq"}, `\.zst`},
		{"none, synced", []string{"-compress", "none", "-sync"}, []string{"cat"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			final := regexp.MustCompile(`^dt=\d{4}-\d\d-\d\d/hour=[0-2]\d/part-[\w-]+-[0-9a-f]+-\d+\.jsonl` + test.ext + `$`)
			r := startRouter(t, test.flags...)
			peer := dialOld(t, r.zmq)
			var want []string
			for n := range 300 {
				text := fmt.Sprintf(`{"type":"order","logger":"caf\u00e9 é","payload":"%d","fields":{"a":[1, 2.50, {"b":null}]}}`, n)
				peer.send(text)
				want = append(want, text)
			}
			eventually(t, func() string { return "all is archived\n" + r.output.String() }, func() bool { return r.holds(`{`, len(want)) })
			if files := visible(t, r.archive); len(files) > 0 || len(r.open()) == 0 {
				t.Errorf("while it is written to, the archive shows %q; open is %q", files, r.open())
			}
			r.stop()

			files := visible(t, r.archive)
			var lines []string
			for _, file := range files {
				if !final.MatchString(file) {
					t.Errorf("a file %q", file)
				}
				read := exec.Command(test.read[0], append(test.read[1:], filepath.Join(r.archive, file))...)
				read.Stderr = t.Output()
				text, err := read.Output()
				if err != nil {
					t.Fatal(read, err)
				}
				lines = append(lines, strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")...)
			}
			same(t, "archived", lines, want)
			if open := r.open(); len(open) > 0 {
				t.Errorf("left in _open: %q", open)
			}
		})
	}
}

// visible returns the files that Hive, Spark and map-reduce see: all but what lies below a name with _ or . before it.
func visible(t testing.TB, root string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch hidden := strings.HasPrefix(entry.Name(), "_") || strings.HasPrefix(entry.Name(), "."); {
		case err != nil:
			return err
		case hidden && entry.IsDir():
			return fs.SkipDir
		case !hidden && !entry.IsDir():
			name, _ := filepath.Rel(root, path)
			files = append(files, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
