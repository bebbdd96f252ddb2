package container

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/cgroup"
	"pulumi-slipway/agent/monitor"
)

// SetPaused stops everything in a running container where it is, or lets it go on. Like Kill it holds no lock: a job can be
// paused while somebody waits for its end.
func (c *Containers) SetPaused(ctx context.Context, incarnation string, paused bool) error {
	p, err := c.find(incarnation)
	if err != nil {
		return err
	}
	if !paused {
		return p.group.Unpause()
	}
	now, err := p.observe()
	if err != nil {
		return err
	}
	defer now.close()
	err = p.group.Pause(ctx)
	if !now.running() || cgroup.Gone(err) {
		problem := &api.Problem{Code: api.CodeExited, Step: "pause", Object: incarnation,
			Detail: fmt.Sprintf("the container %s does not run, so that there is nothing to pause", incarnation)}
		if now.exit != nil {
			problem.ExitCode = &now.exit.Code
		}
		return problem
	}
	return err
}

// pause pauses a container that is good. One that has ended meanwhile is answered as what it is; one that cannot be paused
// is left behind, running.
func (a *attempt) pause(ctx context.Context) error {
	err := a.place.group.Pause(ctx)
	if err == nil || cgroup.Gone(err) {
		return nil
	}
	var problem *api.Problem
	if !errors.As(err, &problem) {
		problem = &api.Problem{Code: api.CodeInternal, Detail: err.Error()}
	}
	problem.Left = &api.Left{Slot: a.slot.ID, Incarnation: a.place.Incarnation}
	return problem
}

// canStart refuses where a group is paused that the container is in: not even its program would be executed.
func (p place) canStart() error {
	paused, err := p.group.Stopped()
	if err != nil || paused == "" {
		return err
	}
	return &api.Problem{Code: api.CodePaused, Step: "start the container", Object: paused,
		Detail: fmt.Sprintf("the control group %s is paused, and nothing can start in it; let it go on first: `paused: false`, or `slipway unpause`", paused)}
}

// pauseNoticed is how long a start may take before it is looked whether a group above was paused meanwhile.
const pauseNoticed = 200 * time.Millisecond

// firstReport waits for the report that the program was executed, or could not be.
func (p place) firstReport(ctx context.Context, m *attached) (monitor.Report, error) {
	for {
		report, err := m.report(ctx, time.Now().Add(pauseNoticed))
		if err == nil || ctx.Err() != nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return report, err
		}
		if err := p.canStart(); err != nil {
			return report, errors.Join(err, p.group.Kill())
		}
	}
}
