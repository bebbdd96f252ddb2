package cgroup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

const (
	// endPatience is how long what was killed may take to be gone, endPause how long it is waited before it is looked again.
	endPatience = 10 * time.Second
	endPause    = 5 * time.Millisecond
	// stillness is how long it is waited for processes to stand still that are about to be killed: better at once than not.
	stillness = 500 * time.Millisecond
)

// Kill sends SIGKILL to every process in the group and below it, paused or not. Since Linux 5.14 version 2 does that at once,
// so that none can be forked meanwhile. Otherwise they are made to stand still first; one that a process in a container has
// forked all the same goes with the container's first process, and of others the caller finds out by looking again.
func (g Group) Kill() error {
	for _, h := range g.tree.Mounted {
		if h.Version != 2 {
			continue
		}
		if err := write(filepath.Join(g.Folder(h), "cgroup.kill"), "1"); !Gone(err) {
			return err
		}
	}
	return g.killOneByOne()
}

// killOneByOne leaves the group paused if it was, which in version 1 keeps even what was killed from ending: that is moved
// up to our base.
func (g Group) killOneByOne() error {
	h, err := g.tree.freezer()
	if err != nil {
		return g.killListed(g.tree.Entered[0])
	}
	p := g.in(h)
	paused, err := p.frozenItself()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), stillness)
	defer cancel()
	// Whether they do is no matter: each is killed, and who calls looks again.
	_ = p.freeze(ctx)
	err = g.killListed(g.tree.Entered[0])
	if !paused {
		if thawed := p.thaw(); thawed != nil && !Gone(thawed) {
			err = errors.Join(err, thawed)
		}
	}
	if h.Version == 1 {
		err = errors.Join(err, p.release(filepath.Join(h.Mount, g.tree.Base)))
	}
	return err
}

// killListed kills what one hierarchy has in the group and below it.
func (g Group) killListed(h Hierarchy) error {
	var all []error
	for _, pid := range g.in(h).processes() {
		all = append(all, g.kill(pid))
	}
	return errors.Join(all...)
}

// kill kills a process of the group, and none that has got its number meanwhile.
func (g Group) kill(pid int) error {
	process, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil // It is gone: the number was one of this group a moment ago.
	}
	defer unix.Close(process)
	groups, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil || !strings.Contains(strings.ReplaceAll(string(groups), "\n", "/"), "/"+filepath.Join(g.above, g.name)+"/") {
		return nil
	}
	if err := unix.PidfdSendSignal(process, unix.SIGKILL, nil, 0); err != nil && err != unix.ESRCH {
		return fmt.Errorf("kill process %d: %w", pid, err)
	}
	return nil
}

// release moves what is in paused groups of version 1 to another one, where it can end.
func (p place) release(to string) error {
	var all []error
	_ = filepath.WalkDir(p.folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return nil
		}
		if state, err := os.ReadFile(filepath.Join(path, "freezer.state")); err != nil || strings.TrimSpace(string(state)) == "THAWED" {
			return nil
		}
		pids, _ := processesIn(path)
		for _, pid := range pids {
			if err := write(filepath.Join(to, "cgroup.procs"), strconv.Itoa(pid)); err != nil && !errors.Is(err, unix.ESRCH) {
				all = append(all, fmt.Errorf("move process %d, which was killed, out of a paused group: %w", pid, err))
			}
		}
		return nil
	})
	return errors.Join(all...)
}

// End kills every process in the group and below it and waits until all are gone.
func (g Group) End(ctx context.Context) error {
	deadline := time.Now().Add(endPatience)
	for {
		if err := g.Kill(); err != nil {
			return err
		}
		left := g.in(g.tree.Entered[0]).processes()
		if len(left) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return &api.Problem{Code: api.CodeStuck, Step: "kill", Object: g.Path(),
				Detail: fmt.Sprintf("these processes in the control group %s were killed but do not end within %v: %s", g.Path(), endPatience, described(left, nil))}
		}
		select {
		case <-time.After(endPause):
		case <-ctx.Done():
			return fmt.Errorf("wait for the end of what was killed in %s: %w", g.Path(), ctx.Err())
		}
	}
}
