package container

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"pulumi-slipway/agent/image"
	"pulumi-slipway/agent/store"
)

// other is another incarnation in the slot: a predecessor that was good, or what is left of a create that was cut off.
type other struct {
	place
	committed bool
}

func (c *Containers) others(slot *store.Slot, incarnation string) ([]other, error) {
	all, err := slot.Incarnations()
	if err != nil {
		return nil, err
	}
	var found []other
	for _, one := range all {
		if one != incarnation {
			p := c.place(slot.ID, one)
			found = append(found, other{p, p.committed()})
		}
	}
	return found, nil
}

// hasPredecessor tells whether a container was good in this slot before. Then that one goes on where the new one
// fails; what a create that was cut off has left is no predecessor, because no client knows of it.
func (a *attempt) hasPredecessor() bool {
	return slices.ContainsFunc(a.others, func(o other) bool { return o.committed })
}

// stopFirst tells whether the container cannot run beside its predecessor: both would want the same ports.
func (a *attempt) stopFirst() bool { return a.request.Network == "host" }

// handOver says what the container is to take the place of, and which of these run and have to be stopped first. It is
// written into the record before anything is stopped, so that it can be undone after a crash too.
func (a *attempt) handOver() (supersedes, stopped []string, err error) {
	for _, o := range a.others {
		supersedes = append(supersedes, o.Incarnation)
		if !a.stopFirst() {
			continue
		}
		if !o.committed {
			// It may have stopped others before it was cut off itself.
			if r, err := o.readRecord(); err == nil {
				stopped = append(stopped, r.Stopped...)
			}
			continue
		}
		now, err := o.observe()
		if err != nil {
			return nil, nil, err
		}
		if now.running() {
			stopped = append(stopped, o.Incarnation)
		}
		now.close()
	}
	slices.Sort(stopped)
	return supersedes, slices.Compact(stopped), nil
}

// makeRoom stops what cannot run beside the new container.
func (a *attempt) makeRoom(ctx context.Context) error {
	if err := a.place.canStart(); err != nil {
		return err
	}
	if !a.stopFirst() {
		return nil
	}
	for _, o := range a.others {
		if err := a.stop(ctx, o.place); err != nil {
			return err
		}
	}
	return nil
}

// rollBack starts again what makeRoom has stopped.
func (a *attempt) rollBack(ctx context.Context, stopped []string) error {
	var all []error
	for _, incarnation := range stopped {
		all = append(all, a.revive(ctx, a.Containers.place(a.slot.ID, incarnation)))
	}
	return errors.Join(all...)
}

func (c *Containers) revive(ctx context.Context, p place) error {
	r, err := p.readRecord()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	now, err := p.settled(ctx)
	if err != nil {
		return err
	}
	now.close()
	if now.running() {
		return nil
	}
	resolved, err := image.Known(ctx, c.store, r.Pins)
	if err != nil {
		return err
	}
	defer resolved.Release()
	made, err := c.plan(ctx, p, r.Request, resolved)
	if err != nil {
		return err
	}
	made.record.Supersedes, made.record.Stopped = r.Supersedes, r.Stopped
	result, err := c.restart(ctx, p, made)
	if err == nil && result.exited && r.Request.Wait != "exit" {
		return endedProblem(result, r.Request.Wait, nil)
	}
	if err == nil && r.Request.Paused {
		err = p.group.Pause(ctx)
	}
	return err
}

// supersede removes those whose place the container has taken. One that cannot be removed now does not make the new
// one bad: its name stays in the record, and the next request or Sweep tries again.
func (a *attempt) supersede(ctx context.Context, incarnations []string) {
	for _, incarnation := range incarnations {
		p := a.Containers.place(a.slot.ID, incarnation)
		if there, err := p.exists(); err == nil && there {
			_ = a.remove(ctx, p)
		}
	}
}

// removeLeftovers removes what creates have left that were cut off.
func (a *attempt) removeLeftovers(ctx context.Context) {
	for _, o := range a.others {
		if !o.committed {
			_ = a.remove(ctx, o.place)
		}
	}
}
