package container

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/monitor"
)

// adopt gives a running container whose monitor was killed another one: without it the container would stand still as
// soon as the pipe of its output is full. It does nothing where there is a monitor, or no recipe to say what is to be
// removed at the end. The slot is held.
func (c *Containers) adopt(ctx context.Context, p place, o observed) error {
	if orphan, err := p.orphan(o); err != nil || !orphan {
		return err
	}
	recipe, err := os.Open(p.file(recipeName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("adopt the container %s: %w", p.Incarnation, err)
	}
	defer recipe.Close()
	descriptors := []int{int(recipe.Fd()), o.process}
	for _, pipe := range o.state.Pipes {
		output, err := p.openOutput(o, pipe)
		if err != nil {
			return fmt.Errorf("adopt the container %s: %w", p.Incarnation, err)
		}
		defer unix.Close(output)
		descriptors = append(descriptors, output)
	}
	m, err := c.deliver(p, descriptors...)
	if err != nil {
		return fmt.Errorf("adopt the container %s: %w", p.Incarnation, err)
	}
	defer m.outlive()
	report, err := m.report(ctx, time.Time{})
	if err == nil && report.Kind == monitor.Failed {
		err = fmt.Errorf("%s %s: %w", report.Step, report.Object, report.Errno)
	}
	if err != nil {
		return fmt.Errorf("adopt the container %s: %w", p.Incarnation, err)
	}
	return nil
}

// sweepOrphan adopts a container if it runs without a monitor. The slot is held.
func (c *Containers) sweepOrphan(ctx context.Context, p place) error {
	o, err := p.observe()
	if err != nil {
		return err
	}
	defer o.close()
	return c.adopt(ctx, p, o)
}

func (p place) lookForOrphan() (bool, error) {
	o, err := p.observe()
	if err != nil {
		return false, err
	}
	defer o.close()
	return p.orphan(o)
}

// orphan tells whether a container runs without a monitor.
func (p place) orphan(o observed) (bool, error) {
	if !o.running() {
		return false, nil
	}
	pid, err := p.monitorOf()
	return err == nil && pid == 0, err
}

// openOutput opens the reading end of a pipe that processes of the container write to, or the null device where none has
// it as its standard output or standard error any more.
func (p place) openOutput(o observed, pipe uint64) (int, error) {
	others, err := p.group.Processes()
	if err != nil {
		return -1, err
	}
	for _, pid := range append([]int{o.state.Pid}, others...) {
		for descriptor := 1; descriptor <= 2; descriptor++ {
			if found, ok := openPipe(fmt.Sprintf("/proc/%d/fd/%d", pid, descriptor), pipe); ok {
				return found, nil
			}
		}
	}
	return unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
}

// openPipe opens a link of /proc if it leads to the pipe. Nothing else may be opened, for that might do something, and the
// container may put something else there at any moment. So what the link leads to is held first, which does nothing.
func openPipe(path string, pipe uint64) (int, bool) {
	held, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, false
	}
	defer unix.Close(held)
	own := fmt.Sprintf("/proc/self/fd/%d", held)
	if target, err := os.Readlink(own); err != nil || target != fmt.Sprintf("pipe:[%d]", pipe) {
		return -1, false
	}
	// The monitor must never wait in it.
	opened, err := unix.Open(own, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	return opened, err == nil
}
