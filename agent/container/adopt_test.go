package container

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A container may put anything in the place of its output while it is adopted.
func TestOnlyThePipeItselfIsOpened(t *testing.T) {
	var ours, another unix.Stat_t
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer writer.Close()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	named, err := os.OpenFile(fifo, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer named.Close()
	for file, stat := range map[*os.File]*unix.Stat_t{writer: &ours, named: &another} {
		if err := unix.Fstat(int(file.Fd()), stat); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		file  *os.File
		pipe  uint64
		opens bool
	}{{writer, ours.Ino, true}, {writer, ours.Ino + 1, false}, {named, another.Ino, false}} {
		opened, ok := openPipe(fmt.Sprintf("/proc/self/fd/%d", c.file.Fd()), c.pipe)
		if ok != c.opens {
			t.Errorf("%s as pipe %d: %v", c.file.Name(), c.pipe, ok)
		}
		if ok {
			unix.Close(opened)
		}
	}
}
