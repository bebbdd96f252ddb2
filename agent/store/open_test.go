package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pulumi-slipway/agent/api"
)

func TestHostIDBelongsToTheMachine(t *testing.T) {
	t.Parallel()
	root, run := filepath.Join(t.TempDir(), "root"), t.TempDir()
	machine := func(id string) string {
		path := filepath.Join(t.TempDir(), "machine-id")
		check(t, os.WriteFile(path, []byte(id), 0o644))
		return path
	}
	steps := []struct {
		name, machine string
		same, said    bool
	}{
		{"the first opening", machine("one\n"), false, false},
		{"again", machine("one\n"), true, false},
		{"the machine lost its id", filepath.Join(t.TempDir(), "none"), true, false},
		{"before the first boot is done", machine("uninitialized\n"), true, false},
		{"the disk was copied", machine("two\n"), false, true},
		{"the copy, again", machine("two\n"), true, false},
	}
	before := ""
	for _, step := range steps {
		s, err := open(root, run, step.machine)
		check(t, err)
		check(t, s.Close())
		if len(s.HostID()) != 32 {
			t.Errorf("%s: the host id is %q", step.name, s.HostID())
		}
		if (s.HostID() == before) != step.same {
			t.Errorf("%s: the host id was %q and is %q", step.name, before, s.HostID())
		}
		if (s.Notice() != "") != step.said || step.said && !strings.Contains(s.Notice(), before) {
			t.Errorf("%s: said %q", step.name, s.Notice())
		}
		before = s.HostID()
	}
	data, err := os.ReadFile(filepath.Join(root, "host-id"))
	check(t, err)
	if strings.Contains(string(data), "two") {
		t.Errorf("the machine id itself is on the disk: %s", data)
	}
}

func TestHostIDWithoutMachineIDIsBoundLater(t *testing.T) {
	t.Parallel()
	root, run, machine := filepath.Join(t.TempDir(), "root"), t.TempDir(), filepath.Join(t.TempDir(), "machine-id")
	var ids []string
	for _, id := range []string{"", "one", "two"} {
		check(t, os.WriteFile(machine, []byte(id), 0o644))
		s, err := open(root, run, machine)
		check(t, err)
		check(t, s.Close())
		ids = append(ids, s.HostID())
	}
	if ids[0] != ids[1] || ids[1] == ids[2] {
		t.Errorf("the first machine id was to be adopted, the second to be noticed: %q", ids)
	}
}

func TestOneHostIDForAllWhoOpenAtOnce(t *testing.T) {
	t.Parallel()
	root, run := filepath.Join(t.TempDir(), "root"), filepath.Join(t.TempDir(), "run")
	ids := make(chan string)
	for range 16 {
		go func() {
			s, err := open(root, run, "/nonexistent")
			if err != nil {
				ids <- err.Error()
				return
			}
			ids <- s.HostID()
			s.Close()
		}()
	}
	first := <-ids
	for range 15 {
		if id := <-ids; id != first {
			t.Errorf("got %q and %q", first, id)
		}
	}
}

func TestFoldersOthersCouldChangeAreRefused(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root to make folders of other users")
	}
	parent := t.TempDir()
	cases := map[string]func(folder string) error{
		"":                  func(string) error { return nil },
		"writable by all":   func(folder string) error { return os.Chmod(folder, 0o777) },
		"writable by group": func(folder string) error { return os.Chmod(folder, 0o770) },
		"of another user":   func(folder string) error { return os.Chown(folder, 65534, 65534) },
		"sticky":            func(folder string) error { return os.Chmod(folder, 0o777|os.ModeSticky) },
	}
	for name, change := range cases {
		above := filepath.Join(parent, "above "+name)
		check(t, os.Mkdir(above, 0o755))
		check(t, change(above))
		s, err := Open(filepath.Join(above, "root"), filepath.Join(above, "run"))
		if err == nil {
			check(t, s.Close())
		}
		if harmless := name == "" || strings.HasPrefix(name, "sticky"); harmless {
			if err != nil {
				t.Errorf("%q: %v", name, err)
			}
			continue
		}
		problem := (*api.Problem)(nil)
		if !errors.As(err, &problem) || problem.Object != above || !strings.Contains(problem.Detail, "chmod go-w "+above) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRecordsAreReadStrictly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "record")
	for text, want := range map[string]string{
		`{"format":1,"slot":"a","incarnation":"b"}`:          "",
		`{"format":2,"slot":"a","incarnation":"b","more":1}`: "newer Slipway",
		`{"format":1,"slot":"a","incarnation":"b","more":1}`: "damaged",
		`{"format":1,"slot":"a","incarn`:                     "damaged",
		"":                                                   "damaged",
		"\x00\x00\x00\x00":                                   "damaged",
	} {
		check(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := readClaim(path)
		switch {
		case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path)):
			t.Errorf("%q: got %v, want %q and the path", text, err, want)
		}
	}
}

// TestAFolderThatGoesWhileItIsListedIsEmpty: a slot's folder goes with the last thing in it, while others look.
func TestAFolderThatGoesWhileItIsListedIsEmpty(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "slot")
	for range 1000 {
		check(t, os.Mkdir(folder, 0o700))
		gone := make(chan error)
		go func() { gone <- os.Remove(folder) }()
		if found, err := names(folder); err != nil || len(found) > 0 {
			t.Fatalf("found %q %v", found, err)
		}
		check(t, <-gone)
	}
}
