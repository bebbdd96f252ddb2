package container

import (
	"context"
	"errors"
)

// Kill ends everything in a container at once, and waits until that is written down. It holds no lock: whoever waits for the
// container to stop by itself need not wait any longer.
func (c *Containers) Kill(ctx context.Context, incarnation string) error {
	p, err := c.find(incarnation)
	if err != nil {
		return err
	}
	if err := p.group.End(ctx); err != nil {
		return err
	}
	return p.awaitMonitor(ctx, nil)
}

// KillGroup does so with everything in a group that people declared and below it.
func (c *Containers) KillGroup(ctx context.Context, incarnation string) error {
	group, err := c.groups.End(ctx, incarnation)
	if err != nil {
		return err
	}
	containers, err := c.store.ListContainers()
	all := []error{err}
	for _, id := range containers {
		if p := c.place(id.Slot, id.Incarnation); group.Holds(p.group) {
			all = append(all, p.awaitMonitor(ctx, nil))
		}
	}
	return errors.Join(all...)
}
