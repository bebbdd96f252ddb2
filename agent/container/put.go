package container

import (
	"context"
	"errors"
	"io/fs"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/image"
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
	known, err := a.place.readRecord()
	switch {
	case err == nil:
		return a.converge(ctx, known)
	case errors.Is(err, fs.ErrNotExist):
		return a.create(ctx)
	case errors.Is(err, store.ErrDamaged):
		// The disk lost it; the request says all that it said.
		if err := c.remove(ctx, a.place); err != nil {
			return api.ContainerAnswer{}, err
		}
		return a.create(ctx)
	default:
		return api.ContainerAnswer{}, err
	}
}

func validate(request api.ContainerRequest) error {
	if err := limitsOf(request).Validate(); err != nil {
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
	resolved, err := image.Resolve(ctx, a.store, a.request.Image)
	if err != nil {
		return api.ContainerAnswer{}, err
	}
	defer resolved.Release()
	made, err := a.plan(a.place, a.request, resolved)
	if err != nil {
		return api.ContainerAnswer{}, err
	}
	if made.record.Supersedes, made.record.Stopped, err = a.handOver(); err != nil {
		return api.ContainerAnswer{}, err
	}
	if err := a.build(a.slot, a.place, made); err != nil {
		return api.ContainerAnswer{}, err
	}
	// The record keeps the image from now on. A lease kept longer would be waited for by what removes a container whose
	// image nobody else claims any more.
	resolved.Release()
	if err := a.makeRoom(ctx); err != nil {
		return api.ContainerAnswer{}, a.failed(ctx, made, outcome{}, err)
	}
	result, err := a.start(ctx, a.place, made)
	return a.settle(ctx, made, result, err)
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
	case finished(known, now):
		err = a.keep(known, made)
	default:
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
	made, err := a.plan(a.place, a.request, resolved)
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
	if err := c.rebuild(p, made); err != nil {
		return outcome{}, err
	}
	return c.start(ctx, p, made)
}
