package container

import (
	"context"
	"errors"
	"fmt"
	"time"

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

// start hands the container to a monitor and waits for what the request waits for. An error means that the program was
// not executed, or that ctx has ended.
func (c *Containers) start(ctx context.Context, p place, made plan) (outcome, error) {
	if err := p.makeRunDir(); err != nil {
		return outcome{}, err
	}
	m, err := c.ordered(p)
	if err != nil {
		return outcome{}, err
	}
	defer c.monitors.refill()
	report, err := m.report(ctx, time.Time{})
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

// ordered gives the order to a monitor. One that stood ready may have been killed; a fresh one will do.
func (c *Containers) ordered(p place) (*attached, error) {
	for try := 0; ; try++ {
		m, err := c.monitors.take()
		if err != nil {
			return nil, err
		}
		if err = m.order(monitor.Order{Container: p.dir, Run: p.run}); err == nil {
			return m, nil
		}
		m.dismiss()
		if try > 0 {
			return nil, err
		}
	}
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
