package container

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/monitor"
	"pulumi-slipway/agent/store"
)

// lastLines is how much of a log comes with a failure.
const lastLines = 20

// settle decides what a start has come to.
func (a *attempt) settle(ctx context.Context, made plan, result outcome, err error) (api.ContainerAnswer, error) {
	job := a.request.Wait == "exit"
	if err == nil && (!job && !result.exited || job && result.code != nil && *result.code == 0) {
		if err := a.commit(); err != nil {
			return api.ContainerAnswer{}, err
		}
		return a.good(ctx, made)
	}
	if ctx.Err() != nil {
		// Nobody waits any more. What runs goes on; the next request for this incarnation, or for another one in the
		// slot, takes it from here.
		return api.ContainerAnswer{}, err
	}
	return api.ContainerAnswer{}, a.failed(ctx, made, result, err)
}

// good ends what the container takes the place of, pauses the container if it is to be, and answers.
func (a *attempt) good(ctx context.Context, made plan) (api.ContainerAnswer, error) {
	a.supersede(ctx, made.record.Supersedes)
	if a.request.Paused {
		if err := a.pause(ctx); err != nil {
			return api.ContainerAnswer{}, err
		}
	}
	o, err := a.place.observe()
	if err != nil {
		return api.ContainerAnswer{}, err
	}
	defer o.close()
	return a.place.answer(a.request.Owner, made.record, o)
}

// failed undoes an attempt and answers why it failed. Only what the client can make use of is left: a container that
// was made and has ended, where nothing else is in its slot, with its log; and one that was answered as good before.
func (a *attempt) failed(ctx context.Context, made plan, result outcome, err error) error {
	var problem *api.Problem
	if err == nil {
		problem = endedProblem(result, a.request.Wait, lastLogLines(a.place, lastLines))
		problem.Detail += wants(a.place.events(observed{process: -1}), a.request.Resources)
	} else if !errors.As(err, &problem) {
		problem = &api.Problem{Code: api.CodeInternal, Detail: err.Error()}
	}
	known := a.place.committed()
	if known || err == nil && !a.hasPredecessor() {
		if err := a.commit(); err != nil {
			return fmt.Errorf("%w; and the container cannot be recorded: %w", problem, err)
		}
		problem.Left = &api.Left{Slot: a.slot.ID, Incarnation: a.place.Incarnation}
	} else if removed := a.remove(ctx, a.place); removed != nil {
		problem.Detail += fmt.Sprintf("; and the new container cannot be removed: %v", removed)
	}
	if !known {
		if undone := a.rollBack(ctx, made.record.Stopped); undone != nil {
			problem.Detail += fmt.Sprintf("; and the container that ran before cannot be started again: %v", undone)
		}
	}
	a.removeLeftovers(ctx)
	return problem
}

// commit makes the container durable. It is done when the container is known to be good, so that nothing is synced
// between the request and the start.
func (a *attempt) commit() error {
	if a.place.committed() {
		return nil
	}
	marker, err := os.OpenFile(a.place.file(committedName), os.O_WRONLY|os.O_CREATE|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return fmt.Errorf("record the container: %w", err)
	}
	marker.Close()
	// All at once: the file system answers them with one write of its journal, one after the other with several.
	paths := []string{
		a.place.file(store.RecordName), a.place.file(monitor.ExitName), a.place.dir, a.slot.Dir(), filepath.Dir(a.slot.Dir()),
	}
	synced := make(chan error, len(paths)+1)
	for _, path := range paths {
		go func() { synced <- syncPath(path) }()
	}
	go func() { synced <- a.slot.Sync() }()
	for range cap(synced) {
		err = errors.Join(err, <-synced)
	}
	if err != nil {
		return fmt.Errorf("record the container: %w", err)
	}
	return nil
}

// syncPath makes a file or folder durable; one that is not there need not be.
func syncPath(path string) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	return file.Sync()
}
