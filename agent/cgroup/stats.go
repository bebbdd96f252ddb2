package cgroup

import (
	"cmp"
	"context"
	"os"
	"slices"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// Stats reads what every declared group uses with all that is in it, by owner. One that somebody removed is left out, and so
// is one whose record is damaged.
func (g *Groups) Stats(ctx context.Context) ([]api.CgroupStats, error) {
	claims, err := g.store.SoundClaims(store.Cgroups)
	if err != nil {
		return nil, err
	}
	owners, err := g.store.Owners(store.Cgroups)
	if err != nil {
		return nil, err
	}
	reader := g.tree.Reader()
	all := make([]api.CgroupStats, 0, len(claims))
	for _, claim := range claims {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		group := g.tree.at(claim.Content)
		usage, err := reader.Usage(group)
		if err != nil {
			return nil, err
		}
		if _, err := os.Lstat(group.Folder(g.tree.Entered[0])); err != nil {
			continue
		}
		all = append(all, api.CgroupStats{
			Identity: api.Identity{Owner: owners[claim.Slot], Slot: claim.Slot, Incarnation: claim.Incarnation},
			Path:     group.Path(), Usage: usage,
		})
	}
	slices.SortFunc(all, func(a, b api.CgroupStats) int {
		return cmp.Or(cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Incarnation, b.Incarnation))
	})
	return all, nil
}
