package container

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/cgroup"
	"pulumi-slipway/agent/store"
)

// Stats reads what every running container uses, by owner. One that ends meanwhile is left out. It takes no lock and reads no
// record, so it holds nobody up and a damaged record harms nobody.
func (c *Containers) Stats(ctx context.Context) ([]api.ContainerStats, error) {
	all, err := c.store.ListContainers()
	if err != nil {
		return nil, err
	}
	owners, err := c.store.Owners(store.Containers)
	if err != nil {
		return nil, err
	}
	links, err := openLinks()
	if err != nil {
		return nil, err
	}
	reader := c.tree.Reader()
	found := make([]api.ContainerStats, 0, len(all))
	for _, one := range all {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		stats, runs, err := c.place(one.Slot, one.Incarnation).stats(reader, links)
		if err != nil {
			return nil, err
		}
		if runs {
			stats.Owner = owners[one.Slot]
			found = append(found, stats)
		}
	}
	slices.SortFunc(found, func(a, b api.ContainerStats) int {
		return cmp.Or(cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Incarnation, b.Incarnation))
	})
	return found, nil
}

// stats reads what one container uses, and tells whether it ran all the while: only then were the group and the process
// that were read its own.
func (p place) stats(reader *cgroup.Reader, links links) (stats api.ContainerStats, runs bool, err error) {
	o, err := p.observe()
	if damaged(err) {
		return stats, false, nil
	}
	if err != nil {
		return stats, false, err
	}
	defer o.close()
	if !o.running() {
		return stats, false, nil
	}
	stats.Identity = api.Identity{Slot: p.Slot, Incarnation: p.Incarnation}
	stats.Path, stats.StartedAt = p.group.Path(), o.state.StartedAt
	stats.Usage, err = reader.Usage(p.group)
	if err == nil {
		stats.Links, err = links.of(o.state.Pid)
	}
	// A process that is about to end has left its namespaces already.
	if cgroup.Gone(err) || ended(o.process) {
		return stats, false, nil
	}
	return stats, true, err
}

// damaged tells whether an error is about what stands in a file of the monitor.
func damaged(err error) bool {
	syntax, kind := (*json.SyntaxError)(nil), (*json.UnmarshalTypeError)(nil)
	return errors.As(err, &syntax) || errors.As(err, &kind)
}
