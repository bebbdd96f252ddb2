package container

import (
	"context"
	"errors"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// Get observes a container.
func (c *Containers) Get(ctx context.Context, incarnation string) (api.ContainerAnswer, error) {
	summary, err := c.summary(incarnation)
	return summary.ContainerAnswer, err
}

// List observes every container of the host. One that goes while it is looked at is left out.
func (c *Containers) List(ctx context.Context) ([]api.ContainerSummary, error) {
	all, err := c.store.ListContainers()
	if err != nil {
		return nil, err
	}
	found := make([]api.ContainerSummary, 0, len(all))
	for _, one := range all {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		summary, err := c.summary(one.Incarnation)
		var problem *api.Problem
		if errors.As(err, &problem) && problem.Code == api.CodeGone {
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, summary)
	}
	return found, nil
}

func (c *Containers) summary(incarnation string) (api.ContainerSummary, error) {
	var s api.ContainerSummary
	p, err := c.find(incarnation)
	if err != nil {
		return s, err
	}
	r, err := p.readRecord()
	if err != nil {
		return s, store.Gone(store.Containers, incarnation, err)
	}
	owner, err := c.store.Owner(store.Containers, p.Slot)
	if err != nil {
		return s, err
	}
	o, err := p.observe()
	if err != nil {
		return s, err
	}
	defer o.close()
	s.Command, s.StartedAt = r.Arguments, o.state.StartedAt
	if o.exit != nil {
		s.StartedAt, s.EndedAt = o.exit.StartedAt, o.exit.EndedAt
	}
	happened := p.events(o)
	s.OOMKills, s.PidsMaxReached = happened.OOMKills, happened.PidsRefused
	if s.ContainerAnswer, err = p.answer(owner, r, o); err != nil || !s.Running {
		return s, err
	}
	stopped, err := p.group.Stopped()
	s.Frozen = stopped != ""
	return s, err
}

// find is the place of a container, or the problem that there is none.
func (c *Containers) find(incarnation string) (place, error) {
	id, err := c.store.FindContainer(incarnation)
	if err != nil {
		return place{}, store.Gone(store.Containers, incarnation, err)
	}
	return c.place(id.Slot, incarnation), nil
}
