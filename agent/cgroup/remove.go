package cgroup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// emptyPatience bounds the waiting for a group whose last process is dead but not yet let go of.
const emptyPatience = time.Second

// strangerPatience is when what is in a group of one hierarchy alone is killed too: somebody put it there.
const strangerPatience = 100 * time.Millisecond

// Remove kills what is left in the group and removes it; one that is gone is fine. It says what does not end.
func (g Group) Remove(ctx context.Context) error {
	var all []error
	for _, h := range g.tree.Mounted {
		all = append(all, remove(ctx, g.Folder(h), endPatience, func(waited time.Duration) error {
			err := g.Kill()
			if waited > strangerPatience {
				err = errors.Join(err, g.killListed(h))
			}
			return err
		}))
	}
	return errors.Join(all...)
}

// Remove removes our groups once no container is left. The base is ours also where it is named after a unit: systemd
// has long forgotten the group of a service whose own process ended.
func (t *Tree) Remove(ctx context.Context) error {
	var all []error
	for _, h := range t.Mounted {
		for _, name := range []string{containers, declaredGroups, monitors, ""} {
			all = append(all, remove(ctx, filepath.Join(h.Mount, t.Base, name), emptyPatience, nil))
		}
	}
	return errors.Join(all...)
}

func remove(ctx context.Context, folder string, patience time.Duration, kill func(waited time.Duration) error) error {
	for began := time.Now(); ; {
		err := unix.Rmdir(folder)
		if err == nil || err == unix.ENOENT {
			return nil
		}
		waited := time.Since(began)
		if err != unix.EBUSY || waited > patience {
			return stays(folder, err)
		}
		if kill != nil {
			if err := kill(waited); err != nil {
				return err
			}
		}
		select {
		case <-time.After(endPause):
		case <-ctx.Done():
			return &fs.PathError{Op: "remove the control group", Path: folder, Err: ctx.Err()}
		}
	}
}

// stays says what keeps a group from being removed.
func stays(folder string, err error) error {
	if err != unix.EBUSY {
		return &fs.PathError{Op: "remove the control group", Path: folder, Err: err}
	}
	problem := &api.Problem{Code: api.CodeStuck, Step: "remove the control group", Object: folder,
		Errno: int(unix.EBUSY), ErrnoName: unix.ErrnoName(unix.EBUSY)}
	why := "a process that ended is still held by its parent"
	if pids, _ := processesIn(folder); len(pids) > 0 {
		why = "these processes in it do not end: " + described(pids, nil)
	} else if entries, _ := os.ReadDir(folder); slices.ContainsFunc(entries, fs.DirEntry.IsDir) {
		first := slices.IndexFunc(entries, fs.DirEntry.IsDir)
		why = "it has the child " + entries[first].Name()
	}
	problem.Detail = fmt.Sprintf("the control group %s cannot be removed: %s", folder, why)
	return problem
}
