package layer

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// snapshot describes every file below a folder, one line for each path: everything a layer is to keep.
func snapshot(t *testing.T, root string) map[string]string {
	t.Helper()
	lines := map[string]string{}
	first := map[uint64]string{}
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		var stat unix.Stat_t
		if err := unix.Lstat(path, &stat); err != nil {
			return err
		}
		line := fmt.Sprintf("mode=%o owner=%d:%d", stat.Mode, stat.Uid, stat.Gid)
		if stat.Mode&unix.S_IFMT != unix.S_IFDIR {
			if same, ok := first[stat.Ino]; ok {
				line += " same as " + same
			} else if stat.Nlink > 1 {
				first[stat.Ino] = name
			}
		}
		line += fmt.Sprintf(" modified=%d.%09d", stat.Mtim.Sec, stat.Mtim.Nsec)
		switch stat.Mode & unix.S_IFMT {
		case unix.S_IFREG:
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" size=%d sha256=%x", stat.Size, sha256.Sum256(content))
		case unix.S_IFLNK:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			line += " target=" + target
		case unix.S_IFCHR, unix.S_IFBLK:
			line += fmt.Sprintf(" device=%d:%d", unix.Major(stat.Rdev), unix.Minor(stat.Rdev))
		}
		lines[name] = line + xattrsOf(t, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func xattrsOf(t *testing.T, path string) string {
	t.Helper()
	list := make([]byte, 64<<10)
	n, err := unix.Llistxattr(path, list)
	if err != nil {
		t.Fatalf("list the attributes of %s: %v", path, err)
	}
	names := strings.Split(strings.TrimSuffix(string(list[:n]), "\x00"), "\x00")
	slices.Sort(names)
	text := ""
	for _, name := range names {
		if name == "" || name == "security.selinux" {
			continue
		}
		value := make([]byte, 64<<10)
		n, err := unix.Lgetxattr(path, name, value)
		if err != nil {
			t.Fatalf("read %s of %s: %v", name, path, err)
		}
		text += fmt.Sprintf(" %s=%x", name, value[:n])
	}
	return text
}

// compare fails where two snapshots differ.
func compare(t *testing.T, got, want map[string]string) {
	t.Helper()
	for path, line := range want {
		if got[path] != line {
			t.Errorf("%s\n  got  %s\n  want %s", path, got[path], line)
		}
	}
	for path, line := range got {
		if _, wanted := want[path]; !wanted {
			t.Errorf("%s is there and should not be: %s", path, line)
		}
	}
}
