package cgroup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// removalTries and removalPause bound the waiting for a group whose last process is dead but not yet let go of.
const (
	removalTries = 200
	removalPause = 5 * time.Millisecond
)

// Remove kills what is left in the group and removes it; one that is gone is fine.
func (g Group) Remove(ctx context.Context) error {
	var all []error
	for _, h := range g.tree.Mounted {
		all = append(all, remove(ctx, g.Folder(h), g.Kill))
	}
	return errors.Join(all...)
}

// Kill sends SIGKILL to every process of the group, once. A container's first process takes all others with it.
func (g Group) Kill() error {
	pids, err := g.Processes()
	for _, pid := range pids {
		if killed := unix.Kill(pid, unix.SIGKILL); killed != nil && killed != unix.ESRCH {
			err = errors.Join(err, fmt.Errorf("kill process %d: %w", pid, killed))
		}
	}
	return err
}

// Remove removes our groups once no container is left. The base is ours also where it is named after a unit: systemd
// has long forgotten the group of a service whose own process ended.
func (t *Tree) Remove(ctx context.Context) error {
	var all []error
	for _, h := range t.Mounted {
		for _, name := range []string{containers, declaredGroups, monitors, ""} {
			all = append(all, remove(ctx, filepath.Join(h.Mount, t.Base, name), nil))
		}
	}
	return errors.Join(all...)
}

func remove(ctx context.Context, folder string, kill func() error) error {
	for try := 0; ; try++ {
		err := unix.Rmdir(folder)
		if err == nil || err == unix.ENOENT {
			return nil
		}
		if err != unix.EBUSY || try == removalTries {
			return &fs.PathError{Op: "remove the control group", Path: folder, Err: why(folder, err)}
		}
		if kill != nil {
			if err := kill(); err != nil {
				return err
			}
		}
		select {
		case <-time.After(removalPause):
		case <-ctx.Done():
			return &fs.PathError{Op: "remove the control group", Path: folder, Err: ctx.Err()}
		}
	}
}

// why says what keeps a group from being removed.
func why(folder string, err error) error {
	if err != unix.EBUSY {
		return err
	}
	if pids, _ := words(filepath.Join(folder, "cgroup.procs")); len(pids) > 0 {
		return fmt.Errorf("%w: it holds the processes %v", err, pids)
	}
	entries, _ := os.ReadDir(folder)
	for _, entry := range entries {
		if entry.IsDir() {
			return fmt.Errorf("%w: it has the child %s", err, entry.Name())
		}
	}
	return fmt.Errorf("%w: a process that ended is still held by its parent", err)
}
