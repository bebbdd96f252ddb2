package container

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// defaultStopTimeout is how long a container may take to end after it was asked to; Docker's.
const defaultStopTimeout = 10 * time.Second

// killPatience is how long a killed process may take to be gone.
const killPatience = 10 * time.Second

// stop asks a container to end, kills it where it does not in time, and waits until its monitor has put everything
// away. One that does not run is fine.
func (c *Containers) stop(ctx context.Context, p place) error {
	signal, timeout := unix.SIGTERM, defaultStopTimeout
	// Without a readable record the defaults have to do.
	if r, err := p.readRecord(); err == nil {
		if parsed, err := parseSignal(r.StopSignal); err == nil {
			signal = parsed
		}
		if r.Request.StopTimeoutMs != nil {
			timeout = time.Duration(min(*r.Request.StopTimeoutMs, math.MaxInt64/int64(time.Millisecond))) * time.Millisecond
		}
	}
	now, err := p.settled(ctx)
	if err != nil {
		return err
	}
	defer now.close()
	if now.running() {
		if err := p.end(ctx, now, signal, timeout); err != nil {
			return fmt.Errorf("stop the container %s: %w", p.Incarnation, err)
		}
	}
	if err := p.awaitMonitor(ctx, nil); err != nil {
		return err
	}
	// What a killed monitor could not remove any more.
	return p.group.Remove(ctx)
}

// end lets a paused container go on once the signal waits for it. One in a group that is paused cannot heed any.
func (p place) end(ctx context.Context, o observed, signal unix.Signal, timeout time.Duration) error {
	heeded, err := heeds(o.state.Pid, signal)
	if err != nil {
		return err
	}
	if heeded && timeout > 0 {
		if err := unix.PidfdSendSignal(o.process, signal, nil, 0); err != nil && err != unix.ESRCH {
			return fmt.Errorf("send %s: %w", unix.SignalName(signal), err)
		}
		if err := p.group.Unpause(); err != nil {
			return err
		}
		if stopped, err := p.group.Stopped(); err != nil {
			return err
		} else if stopped != "" {
			timeout = 0
		}
		if waitUntil(ctx, o.process, time.Now().Add(timeout)) {
			return nil
		}
		if ctx.Err() != nil {
			// It was asked and has time left: whoever comes next goes on waiting.
			return fmt.Errorf("wait for its end: %w", ctx.Err())
		}
	}
	if err := unix.PidfdSendSignal(o.process, unix.SIGKILL, nil, 0); err != nil && err != unix.ESRCH {
		return fmt.Errorf("kill: %w", err)
	}
	// With the first process all others of the container go; who has entered its group from elsewhere goes with that.
	if err := p.group.End(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	if !waitUntil(context.WithoutCancel(ctx), o.process, time.Now().Add(killPatience)) {
		return errors.New("it was killed but does not end; a process of it hangs in the kernel")
	}
	return nil
}

// heeds tells whether a signal can do anything to the first process. The kernel drops a signal to the first process of
// a pid namespace that it neither catches nor blocks; waiting for it to take effect would be waiting for nothing.
func heeds(pid int, signal unix.Signal) (bool, error) {
	if signal == unix.SIGKILL || signal == unix.SIGSTOP {
		return true, nil
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at process %d: %w", pid, err)
	}
	for _, name := range []string{"SigBlk:", "SigIgn:", "SigCgt:"} {
		_, rest, _ := bytes.Cut(status, []byte(name))
		line, _, _ := bytes.Cut(rest, []byte("\n"))
		set, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 64)
		if err != nil {
			return false, fmt.Errorf("look at process %d: %w", pid, err)
		}
		if set&(1<<(signal-1)) != 0 {
			return true, nil
		}
	}
	return false, nil
}
