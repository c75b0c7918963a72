package hdfssink

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestTmpNames(t *testing.T) {
	s, _ := newStore(t, nil)
	other, _ := newStore(t, nil)
	a, b, c := path.Base(s.tmpName()), path.Base(s.tmpName()), path.Base(other.tmpName())
	if a == b || a == c || b == c {
		t.Errorf("%s, %s, %s", a, b, c)
	}
	for _, name := range []string{a, b, c} {
		if !s.id.isOurs(name) || !isHidden(name) || wrongPath(name) != "" {
			t.Errorf("%s is not ours, hidden and right", name)
		}
	}
	host := identity{host: "web", process: "0123456789abcdef"}
	for name, want := range map[string]bool{
		"_tmp-web-00112233445566ff-000001":   true,
		"_tmp-web-00112233445566ff-1234567":  true,
		"_tmp-web-1-00112233445566ff-000001": false, // of host web-1
		"_tmp-we-00112233445566ff-000001":    false,
		"_tmp-web-00112233445566ff-":         false,
		"_tmp-web-0011-000001":               false,
		"part-web-00112233445566ff-000001":   false,
	} {
		if host.isOurs(name) != want {
			t.Errorf("%s is ours: %t", name, !want)
		}
	}
}

// What a killed router of this host left is removed when it is old by the namenode's clock; nothing else is.
func TestSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := newStore(t, nil)
		leave := func(host string, n int) string {
			name := fmt.Sprintf("/archive/_tmp/_tmp-%s-00112233445566ff-%06d", host, n)
			c.files[name] = &file{name: name, time: time.Now()}
			return name
		}
		old, others := leave(s.id.host, 1), leave("other", 1)
		strange := "/archive/_tmp/notes"
		c.files[strange] = &file{name: strange, time: time.Now()}
		time.Sleep(50 * time.Minute)
		young := leave(s.id.host, 2)
		time.Sleep(15 * time.Minute)
		if err := put(t, s); err != nil {
			t.Fatal(err)
		}
		want := []string{others, young, strange, final}
		slices.Sort(want)
		if got := c.names(); !slices.Equal(got, want) || !slices.Equal(c.removed, []string{path.Base(old)}) {
			t.Errorf("files: %q\nwant   %q", got, want)
		}
		for i := range 5 { // no oftener than twice a grace time
			if err := s.Put(t.Context(), fmt.Sprint("more", i), strings.NewReader("x"), 1); err != nil {
				t.Fatal(err)
			}
		}
		if n := c.count("list"); n != 1 {
			t.Errorf("looked %d times", n)
		}
		time.Sleep(50 * time.Minute)
		if err := s.Put(t.Context(), "late", strings.NewReader("x"), 1); err != nil {
			t.Fatal(err)
		}
		if c.files[young] != nil {
			t.Error("the younger one is still there")
		}
	})
}

// That old files cannot be listed or removed does not fail the Put of a new one.
func TestSweepFails(t *testing.T) {
	for _, failing := range []string{"list", "remove"} {
		t.Run(failing, func(t *testing.T) {
			s, c := newStore(t, nil)
			old := "/archive/_tmp/_tmp-" + s.id.host + "-00112233445566ff-000001"
			c.files[old] = &file{name: old}
			c.fail = func(step, _ string) error {
				if step == failing {
					return errDown
				}
				return nil
			}
			if err := put(t, s); err != nil || c.files[final] == nil {
				t.Error(err)
			}
		})
	}
}

// What could not be removed is tried again, and not more than a bounded number is remembered.
func TestBury(t *testing.T) {
	s, c := newStore(t, &Options{Timeout: time.Hour})
	c.fail = func(step, _ string) error {
		if step == "close" || step == "remove" {
			return errDown
		}
		return nil
	}
	for range 2 * maxDead / maxAttempts {
		if err := s.Put(t.Context(), name, strings.NewReader("x"), 1); err == nil {
			t.Fatal("closed")
		}
	}
	if len(s.dead) != maxDead {
		t.Errorf("%d names remembered", len(s.dead))
	}
	c.fail = nil
	if err := put(t, s); err != nil {
		t.Fatal(err)
	}
	if len(s.dead) != 0 || len(c.removed) != maxDead {
		t.Errorf("%d names remembered, %d removed", len(s.dead), len(c.removed))
	}
}
