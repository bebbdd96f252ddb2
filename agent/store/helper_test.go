package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// opened is a store in a folder of the test's own, on the machine "one".
func opened(t *testing.T, root, run string) *Store {
	t.Helper()
	machine := filepath.Join(t.TempDir(), "machine-id")
	if err := os.WriteFile(machine, []byte("one\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := open(root, run, machine)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func fresh(t *testing.T) *Store {
	t.Helper()
	return opened(t, filepath.Join(t.TempDir(), "root"), filepath.Join(t.TempDir(), "run"))
}

// digest is a made-up digest.
func digest(n int) string { return digestPrefix + strings.Repeat(fmt.Sprint(n%10), 64) }

// incarnation is a made-up incarnation.
func incarnation(n int) string { return fmt.Sprintf("%032x", n) }

// left lists every file, link and empty folder below the store but those that every store has.
func left(t *testing.T, s *Store) []string {
	t.Helper()
	known := map[string]bool{s.locksPath(): true, filepath.Join(s.root, "host-id"): true}
	for _, folder := range s.folders() {
		for ; len(folder) >= min(len(s.root), len(s.run)); folder = filepath.Dir(folder) {
			known[folder] = true
		}
	}
	var found []string
	for _, root := range []string{s.root, s.run} {
		err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
			if err == nil && !known[path] {
				found = append(found, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

func wantNothingLeft(t *testing.T, s *Store) {
	t.Helper()
	if found := left(t, s); len(found) > 0 {
		t.Errorf("left on the host: %q", found)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
