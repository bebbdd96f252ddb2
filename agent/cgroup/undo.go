package cgroup

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"pulumi-slipway/agent/store"
)

// patience is how long Sweep waits for a slot that somebody works in, before it leaves it to them.
const patience = 10 * time.Millisecond

// undo gives groups whose change was cut off what their claims say.
func (g *Groups) undo(ctx context.Context) error {
	claims, err := g.store.Claims(store.Cgroups)
	if err != nil {
		return err
	}
	var all []error
	for _, claim := range claims {
		if known, err := keptOf(claim); err == nil && len(known.Touched) > 0 {
			all = append(all, g.undoOne(ctx, claim.Incarnation))
		}
	}
	return errors.Join(all...)
}

func (g *Groups) undoOne(ctx context.Context, incarnation string) error {
	brief, cancel := context.WithTimeout(ctx, patience)
	slot, err := g.store.Hold(brief, store.Cgroups, incarnation)
	cancel()
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	if err != nil {
		return err
	}
	defer slot.Release()
	claim, err := slot.Claim(incarnation)
	if err != nil {
		return err
	}
	known, err := keptOf(claim)
	if err != nil {
		return err
	}
	group := g.tree.at(claim.Content)
	if len(known.Touched) == 0 || !g.whole(group) {
		return nil // It is done by now, or will be when the group is made.
	}
	if _, err := group.Change(known.Touched, &known.Resources, &known.Resources); err != nil {
		return err
	}
	claim.Settings = kept{Resources: known.Resources}.encode()
	return slot.NoteClaim(claim)
}
