package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// joinTries bounds how often a group that keeps forking is gone through.
const joinTries = 100

// join makes the group in a hierarchy that it did not enter at its start, and moves its processes there. Those that are
// forked meanwhile are born outside, so it goes through them until there are no more.
func (g Group) join(h Hierarchy) error {
	folder := g.Folder(h)
	if _, err := os.Lstat(folder); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := g.tree.makeAbove(h, g.above); err != nil {
		return err
	}
	if err := h.make(folder); err != nil {
		return err
	}
	procs := filepath.Join(folder, "cgroup.procs")
	var moved []int
	for range joinTries {
		pids, err := g.Processes()
		if err != nil {
			return err
		}
		strangers := slices.DeleteFunc(pids, func(pid int) bool { return slices.Contains(moved, pid) })
		if len(strangers) == 0 {
			return nil
		}
		for _, pid := range strangers {
			if err := write(procs, strconv.Itoa(pid)); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("move process %d into its control group: %w", pid, err)
			}
		}
		moved = append(moved, strangers...)
	}
	return errors.New("the processes in the group multiply faster than they can be moved")
}
