package container

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/monitor"
	"pulumi-slipway/agent/timing"
)

// settling is how long a container has to run before it counts as running.
const settling = 200 * time.Millisecond

// outcome is what became of a start.
type outcome struct {
	// exited is set where the first process has ended, with its exit code, nil where nobody knows it.
	exited bool
	code   *int
}

func exitedWith(code int) outcome { return outcome{exited: true, code: &code} }

// start hands the container to a monitor, does something else meanwhile, and waits for what the request waits for. An
// error means that the program was not executed, or that ctx has ended, or that what was done meanwhile failed.
func (c *Containers) start(ctx context.Context, p place, made plan, meanwhile func() error) (outcome, error) {
	if err := p.canStart(); err != nil {
		return outcome{}, err
	}
	m, err := c.ordered(p, made)
	if err != nil {
		return outcome{}, err
	}
	defer c.monitors.refill()
	if err := meanwhile(); err != nil {
		m.outlive()
		return outcome{}, err
	}
	report, err := p.firstReport(ctx, m)
	if err != nil {
		m.outlive()
		return outcome{}, fmt.Errorf("start the container: %w", err)
	}
	if report.Kind == monitor.Failed {
		m.end()
		return outcome{}, explain(report, made)
	}
	deadline := time.Time{}
	if made.record.Request.Wait == "running" {
		deadline = time.Now().Add(settling)
	}
	report, err = m.report(ctx, deadline)
	if err == nil {
		timing.Mark(ctx, timing.Exit)
		m.end()
		return exitedWith(int(report.Code)), nil
	}
	m.outlive()
	switch {
	case ctx.Err() != nil:
		return outcome{}, fmt.Errorf("wait for the container: %w", ctx.Err())
	case errors.Is(err, errMonitorLost):
		return c.watch(ctx, p, made)
	default:
		return outcome{}, nil
	}
}

// ordered gives the order to start to a monitor.
func (c *Containers) ordered(p place, made plan) (*attached, error) {
	file, err := inMemory(made.recipe)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return c.deliver(p, int(file.Fd()))
}

// deliver gives the order and its descriptors to a monitor. One that stood ready may have been killed; a fresh one will do.
func (c *Containers) deliver(p place, descriptors ...int) (*attached, error) {
	for try := 0; ; try++ {
		m, err := c.monitors.take()
		if err != nil {
			return nil, err
		}
		if err = m.order(monitor.Order{Folder: p.dir, State: p.state}, descriptors...); err == nil {
			return m, nil
		}
		m.dismiss()
		if try > 0 {
			return nil, err
		}
	}
}

// inMemory makes a file of a recipe that is on no disk, to be handed over at once.
func inMemory(recipe []byte) (*os.File, error) {
	descriptor, err := unix.MemfdCreate("recipe", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("memfd_create: %w", err)
	}
	file := os.NewFile(uintptr(descriptor), "recipe")
	if _, err := file.Write(recipe); err != nil {
		file.Close()
		return nil, fmt.Errorf("hand the recipe over: %w", err)
	}
	return file, nil
}

// watch waits for what the request waits for, of a container that another process has started, or whose monitor was
// killed.
func (c *Containers) watch(ctx context.Context, p place, made plan) (outcome, error) {
	o, err := p.settled(ctx)
	if err != nil {
		return outcome{}, err
	}
	defer o.close()
	if o.running() {
		// Where that fails, the container may stand still at a full pipe, and its end is seen all the same.
		_ = c.adopt(ctx, p, o)
		deadline := time.Now().Add(settling)
		if made.record.Request.Wait == "exit" {
			deadline = time.Now().Add(100 * 365 * 24 * time.Hour)
		} else if startedAt, err := time.Parse(time.RFC3339Nano, o.state.StartedAt); err == nil && startedAt.Before(time.Now()) {
			deadline = startedAt.Add(settling)
		}
		if !waitUntil(ctx, o.process, deadline) {
			if ctx.Err() != nil {
				return outcome{}, fmt.Errorf("wait for the container: %w", ctx.Err())
			}
			return outcome{}, nil
		}
		timing.Mark(ctx, timing.Exit)
	}
	if err := p.awaitMonitor(ctx, nil); err != nil {
		return outcome{}, err
	}
	last, err := p.observe()
	if err != nil {
		return outcome{}, err
	}
	defer last.close()
	if last.exit == nil {
		return outcome{exited: true}, nil
	}
	return exitedWith(last.exit.Code), nil
}
