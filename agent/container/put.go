package container

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/image"
	"pulumi-slipway/agent/monitor"
	"pulumi-slipway/agent/store"
)

// Put converges to the request: it starts the container, changes it in place, or starts it again. Whatever an earlier
// request for the same incarnation did before it was cut off is gone on with.
func (c *Containers) Put(ctx context.Context, incarnation string, request api.ContainerRequest) (api.ContainerAnswer, error) {
	if err := validate(request); err != nil {
		return api.ContainerAnswer{}, err
	}
	slot, err := c.store.Enter(ctx, store.Containers, incarnation, request.Owner)
	if err != nil {
		return api.ContainerAnswer{}, err
	}
	defer slot.Release()
	a := &attempt{Containers: c, slot: slot, place: c.place(slot.ID, incarnation), request: request}
	if a.others, err = c.others(slot, incarnation); err != nil {
		return api.ContainerAnswer{}, err
	}
	group := c.tree.Group(incarnation)
	if request.Cgroup != nil {
		if group, err = c.groups.Below(*request.Cgroup, incarnation); err != nil {
			return api.ContainerAnswer{}, err
		}
	}
	known, err := a.place.readRecord()
	if err == nil {
		if group != a.place.group {
			return api.ContainerAnswer{}, unchangeable("cgroup")
		}
		return a.converge(ctx, known)
	}
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, store.ErrDamaged) {
		return api.ContainerAnswer{}, err
	}
	// A folder without a record is a create that was cut off early, or what a disk has lost. The request says all that
	// a record says.
	if there, err := a.place.exists(); err != nil || there {
		if err == nil {
			err = c.remove(ctx, a.place)
		}
		if err != nil {
			return api.ContainerAnswer{}, err
		}
	}
	a.place.group = group
	return a.create(ctx)
}

func validate(request api.ContainerRequest) error {
	if err := validateResources(request.Resources); err != nil {
		return err
	}
	_, err := parseSignal(request.StopSignal)
	return err
}

// attempt is one request to bring a container up, with its slot held.
type attempt struct {
	*Containers
	slot    *store.Slot
	place   place
	request api.ContainerRequest
	others  []other
}

// create makes a container that is not there yet.
func (a *attempt) create(ctx context.Context) (api.ContainerAnswer, error) {
	made, release, err := a.lay(ctx)
	defer release()
	if err != nil {
		if removed := a.remove(ctx, a.place); removed != nil {
			err = fmt.Errorf("%w; and what was made of the container cannot be removed: %w", err, removed)
		}
		return api.ContainerAnswer{}, err
	}
	keep := func() error { return a.write(a.place, made) }
	if len(a.others) > 0 {
		// What is to be undone has to be known before it is done.
		if err = keep(); err == nil {
			err = a.makeRoom(ctx)
		}
		keep = func() error { return nil }
	}
	var result outcome
	if err == nil {
		result, err = a.start(ctx, a.place, made, func() error {
			err := keep()
			// The record keeps the image from now on. A lease kept longer would be waited for by what removes a
			// container whose image nobody else claims any more.
			release()
			return err
		})
	}
	release()
	return a.settle(ctx, made, result, err)
}

// lay plans a container and makes its folders beside that. The image is kept on the host until release.
func (a *attempt) lay(ctx context.Context) (made plan, release func(), err error) {
	release = func() {}
	folders := make(chan error, 1)
	go func() { folders <- makeFolders(a.slot, a.place) }()
	resolved, err := image.Resolve(ctx, a.store, a.request.Image)
	if err == nil {
		release = resolved.Release
		made, err = a.plan(ctx, a.place, a.request, resolved)
	}
	if err == nil {
		made.record.Supersedes, made.record.Stopped, err = a.handOver()
	}
	if failed := <-folders; err == nil {
		err = failed
	}
	return made, release, err
}

// converge goes on with a container that has a record: it runs, has ended, or was never started.
func (a *attempt) converge(ctx context.Context, known record) (api.ContainerAnswer, error) {
	if err := sameContainer(known.Request, a.request); err != nil {
		return api.ContainerAnswer{}, err
	}
	now, err := a.place.settled(ctx)
	if err != nil {
		return api.ContainerAnswer{}, err
	}
	defer now.close()
	made := plan{record: known}
	if changed(known.Request, a.request) || !now.running() {
		if made, err = a.again(ctx, known); err != nil {
			return api.ContainerAnswer{}, err
		}
	}
	switch {
	case now.running():
		err = a.changeInPlace(known, made)
		if err != nil && ended(now.process) {
			return a.converge(ctx, known)
		}
	case finished(known, now):
		err = a.keep(known, made)
	case a.place.committed():
		// It may be in the way, and no client knows of it.
		a.removeLeftovers(ctx)
		return a.startAgain(ctx, made)
	default:
		if err := a.makeRoom(ctx); err != nil {
			return a.settle(ctx, made, outcome{}, err)
		}
		return a.startAgain(ctx, made)
	}
	if err != nil {
		return api.ContainerAnswer{}, err
	}
	if a.place.committed() {
		return a.good(ctx, made)
	}
	result, err := a.watch(ctx, a.place, made)
	return a.settle(ctx, made, result, err)
}

// finished tells whether a container is a job that has done what it was for.
func finished(r record, o observed) bool {
	return r.Request.Wait == "exit" && o.exit != nil && o.exit.Code == 0
}

// again plans a container anew, for its changed request or on what may be another kernel by now.
func (a *attempt) again(ctx context.Context, known record) (plan, error) {
	resolved, err := image.Known(ctx, a.store, known.Pins)
	if err != nil {
		return plan{}, err
	}
	defer resolved.Release()
	made, err := a.plan(ctx, a.place, a.request, resolved)
	made.record.Supersedes, made.record.Stopped = known.Supersedes, known.Stopped
	return made, err
}

func (a *attempt) startAgain(ctx context.Context, made plan) (api.ContainerAnswer, error) {
	result, err := a.restart(ctx, a.place, made)
	return a.settle(ctx, made, result, err)
}

// restart starts a container that has ended, on what it wrote before.
func (c *Containers) restart(ctx context.Context, p place, made plan) (outcome, error) {
	// What a killed monitor left would keep its old limits.
	if err := p.group.Remove(ctx); err != nil {
		return outcome{}, err
	}
	for _, name := range []string{monitor.ExitName, eventsName} {
		if err := os.Remove(p.file(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return outcome{}, fmt.Errorf("forget how the last run ended: %w", err)
		}
	}
	if err := p.makeState(); err != nil {
		return outcome{}, err
	}
	return c.start(ctx, p, made, func() error { return c.write(p, made) })
}
