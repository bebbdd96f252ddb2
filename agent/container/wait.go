package container

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// waitFor waits until a process has ended, for so many milliseconds.
func waitFor(process int, milliseconds int) bool {
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(process), Events: unix.POLLIN}}, milliseconds)
		if err != unix.EINTR {
			return n > 0
		}
	}
}

// glance is how long one wait lasts before it is looked whether anybody still wants to know.
const glance = 100 * time.Millisecond

// waitUntil waits until a process has ended, time is up, or ctx ends. It is false for the latter two.
func waitUntil(ctx context.Context, process int, deadline time.Time) bool {
	for {
		left := min(time.Until(deadline), glance)
		if waitFor(process, max(0, int(left.Milliseconds()))) {
			return true
		}
		if ctx.Err() != nil || !time.Now().Before(deadline) {
			return false
		}
	}
}

// monitorPatience bounds the waiting for a monitor that has nothing to wait for any more.
const monitorPatience = 10 * time.Second

// monitorOf is the process id of the container's monitor, 0 where there is none. The kernel knows who holds the lock, so
// this is right whoever was killed.
func (p place) monitorOf() (int, error) {
	file, err := os.Open(p.state)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look for the monitor: %w", err)
	}
	defer file.Close()
	lock := unix.Flock_t{Type: unix.F_RDLCK}
	if err := unix.FcntlFlock(file.Fd(), unix.F_GETLK, &lock); err != nil {
		return 0, fmt.Errorf("look for the monitor: %w", err)
	}
	if lock.Type == unix.F_UNLCK {
		return 0, nil
	}
	return int(lock.Pid), nil
}

// awaitMonitor waits until the container's monitor is gone, or until done says that it has waited for enough.
func (p place) awaitMonitor(ctx context.Context, done func() bool) error {
	deadline := time.Now().Add(monitorPatience)
	for {
		pid, err := p.monitorOf()
		if err != nil || pid == 0 || done != nil && done() {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the monitor (process %d) of container %s does not end", pid, p.Incarnation)
		}
		process, err := unix.PidfdOpen(pid, 0)
		if err == nil {
			// Not longer: it may hold the lock for somebody who waits for less than its end.
			waitFor(process, 2)
			unix.Close(process)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("wait for the monitor of container %s: %w", p.Incarnation, ctx.Err())
		}
	}
}

// settled observes a container that is not just being started or put away by a monitor: it runs, or all that there is to
// know of its end is written down.
func (p place) settled(ctx context.Context) (observed, error) {
	if err := p.awaitMonitor(ctx, p.begun); err != nil {
		return observed{process: -1}, err
	}
	o, err := p.observe()
	if err != nil || o.running() {
		return o, err
	}
	if err := p.awaitMonitor(ctx, nil); err != nil {
		return o, err
	}
	return p.observe()
}

// begun tells whether a monitor has got as far as the program's execution.
func (p place) begun() bool {
	o, err := p.observe()
	if err != nil {
		return false
	}
	o.close()
	return o.state.Pid > 0
}
