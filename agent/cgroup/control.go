package cgroup

import (
	"context"
	"strings"

	"pulumi-slipway/agent/store"
)

// SetPaused pauses a group that people declared, with all that is in it, or lets it go on.
func (g *Groups) SetPaused(ctx context.Context, incarnation string, paused bool) error {
	slot, err := g.store.Hold(ctx, store.Cgroups, incarnation)
	if err != nil {
		return store.Gone(store.Cgroups, incarnation, err)
	}
	defer slot.Release()
	claim, err := slot.Claim(incarnation)
	if err != nil {
		return err
	}
	if paused {
		if err := g.Ensure(ctx, claim.Content); err != nil {
			return err
		}
	}
	return g.tree.at(claim.Content).setPaused(ctx, paused)
}

func (g Group) setPaused(ctx context.Context, paused bool) error {
	if paused {
		return g.Pause(ctx)
	}
	return g.Unpause()
}

// End kills all that runs in a group that people declared and below it, waits until it is gone, and answers the group.
func (g *Groups) End(ctx context.Context, incarnation string) (Group, error) {
	claim, err := g.store.FindClaim(store.Cgroups, incarnation)
	if err != nil {
		return Group{}, store.Gone(store.Cgroups, incarnation, err)
	}
	group := g.tree.at(claim.Content)
	return group, group.End(ctx)
}

// Holds tells whether another group is below this one.
func (g Group) Holds(other Group) bool {
	return strings.HasPrefix(other.Path(), g.Path()+"/")
}
