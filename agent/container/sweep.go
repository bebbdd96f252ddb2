package container

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"pulumi-slipway/agent/store"
)

// abandonedAfter is when a create that was cut off and does not run counts as given up: long enough for a client that
// lost its connection to come back.
const abandonedAfter = time.Hour

// sweepPatience is how long Sweep waits for a slot that somebody works in, before it leaves it to them.
const sweepPatience = 10 * time.Millisecond

// Sweep removes what processes left that were cut off: creates that nobody came back for, predecessors of a container
// that is good, and groups and states of containers that are no more. It may run at any time.
func (c *Containers) Sweep(ctx context.Context) error {
	var all []error
	containers, err := c.store.ListContainers()
	if err != nil {
		return err
	}
	for _, id := range containers {
		all = append(all, c.sweepContainer(ctx, id))
	}
	groups, err := c.tree.Containers()
	all = append(all, err)
	states, err := c.store.ContainerStates()
	all = append(all, err)
	for _, incarnation := range states {
		groups = append(groups, c.tree.Group(incarnation))
	}
	for _, group := range groups {
		// A container's folder is there before its group, and gone before it.
		_, err := c.store.FindContainer(group.Name())
		if !errors.Is(err, fs.ErrNotExist) || ctx.Err() != nil {
			continue
		}
		gone := c.place("", group.Name())
		gone.group = group
		if pid, err := gone.monitorOf(); err != nil || pid != 0 {
			continue
		}
		all = append(all, gone.group.Remove(ctx), gone.removeState())
	}
	return errors.Join(all...)
}

func (c *Containers) sweepContainer(ctx context.Context, id store.ContainerID) error {
	p := c.place(id.Slot, id.Incarnation)
	r, err := p.readRecord()
	unreadable := errors.Is(err, store.ErrDamaged) || errors.Is(err, fs.ErrNotExist)
	if err != nil && !unreadable {
		return err
	}
	orphan, err := p.lookForOrphan()
	if err != nil || !orphan && p.committed() && (unreadable || len(r.Supersedes)+len(r.Touched) == 0) {
		return err
	}
	brief, cancel := context.WithTimeout(ctx, sweepPatience)
	slot, err := c.store.Hold(brief, store.Containers, id.Incarnation)
	cancel()
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	if err != nil {
		return err
	}
	defer slot.Release()
	if err := c.sweepOrphan(ctx, p); err != nil {
		return err
	}
	if err := c.undoChange(p); err != nil {
		return err
	}
	if p.committed() {
		for _, incarnation := range r.Supersedes {
			before := c.place(id.Slot, incarnation)
			if there, err := before.exists(); err != nil || !there {
				continue
			}
			if err := c.remove(ctx, before); err != nil {
				return err
			}
		}
		return nil
	}
	return c.sweepAbandoned(ctx, p)
}

// undoChange gives a container whose change was cut off the limits that its record says.
func (c *Containers) undoChange(p place) error {
	known, err := p.readRecord()
	if err != nil || len(known.Touched) == 0 {
		return nil // What is unreadable is nobody's change.
	}
	o, err := p.observe()
	if err != nil {
		return err
	}
	defer o.close()
	if o.running() {
		limits := resourcesOf(known.Request)
		if err := c.changeLimits(p, known, limits, limits); err != nil {
			return err
		}
	}
	known.Touched = nil
	return c.store.NoteRecord(p.file(store.RecordName), known)
}

// sweepAbandoned removes a create that was cut off, unless it runs: that is for whoever takes its slot over.
func (c *Containers) sweepAbandoned(ctx context.Context, p place) error {
	info, err := os.Stat(p.dir)
	if err != nil || time.Since(info.ModTime()) < abandonedAfter {
		return nil
	}
	o, err := p.observe()
	if err != nil {
		return err
	}
	o.close()
	if pid, err := p.monitorOf(); o.running() || pid != 0 || err != nil {
		return err
	}
	return c.remove(ctx, p)
}
