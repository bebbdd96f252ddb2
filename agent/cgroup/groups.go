package cgroup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// Groups are the control groups that people declare on one host, and put containers below. They are safe for use by
// several goroutines.
type Groups struct {
	store *store.Store
	tree  *Tree
}

// NewGroups are those of a store, in a tree.
func NewGroups(s *store.Store, t *Tree) *Groups { return &Groups{s, t} }

// Put makes a group, or gives the one there is other settings. What runs in it goes on.
func (g *Groups) Put(ctx context.Context, incarnation string, request api.CgroupRequest) (api.CgroupAnswer, error) {
	if err := Validate(&request.Resources); err != nil {
		return api.CgroupAnswer{}, err
	}
	slot, err := g.store.Enter(ctx, store.Cgroups, incarnation, request.Owner)
	if err != nil {
		return api.CgroupAnswer{}, err
	}
	defer slot.Release()
	above := ""
	if request.Parent != nil {
		claim, err := g.store.Referred(store.Cgroups, *request.Parent)
		if err != nil {
			return api.CgroupAnswer{}, err
		}
		if err := g.Ensure(ctx, claim.Content); err != nil {
			return api.CgroupAnswer{}, err
		}
		above = claim.Content
	}
	path := Declared(above, slot.ID)
	before, err := g.settingsAt(slot, path)
	if err != nil {
		return api.CgroupAnswer{}, err
	}
	if err := g.converge(ctx, g.tree.at(path), before, &request.Resources); err != nil {
		return api.CgroupAnswer{}, err
	}
	settings, err := json.Marshal(request.Resources)
	if err != nil {
		return api.CgroupAnswer{}, fmt.Errorf("keep the settings of the group: %w", err)
	}
	claim, others, err := slot.PutClaimWith(incarnation, request.ContentKey, path, settings)
	if err != nil {
		return api.CgroupAnswer{}, err
	}
	for _, other := range others {
		// Containers may still be in there. The last that leaves is followed by Sweep.
		_ = g.tree.at(other.Content).rmdir()
	}
	return g.answer(claim)
}

// converge makes a group where there is none, and gives it settings. One that it made but that cannot have them it removes.
func (g *Groups) converge(ctx context.Context, group Group, before, wanted *api.GroupResources) error {
	if !group.whole() {
		lock, err := g.store.Lock(ctx, makingLock)
		if err != nil {
			return err
		}
		defer lock.Unlock()
	}
	made, err := group.make()
	if err == nil {
		err = group.Check(wanted)
	}
	if err == nil {
		err = group.Change(before, wanted)
	}
	if err != nil && made {
		err = errors.Join(err, group.Remove(ctx))
	}
	return err
}

// settingsAt are those of the claim that is on a path already, none where there is no such claim.
func (g *Groups) settingsAt(slot *store.Slot, path string) (*api.GroupResources, error) {
	found := &api.GroupResources{}
	known, err := slot.Incarnations()
	if err != nil {
		return nil, err
	}
	for _, incarnation := range known {
		if claim, err := slot.Claim(incarnation); err == nil && claim.Content == path {
			return settingsOf(claim)
		}
	}
	return found, nil
}

func settingsOf(claim store.Claim) (*api.GroupResources, error) {
	var found api.GroupResources
	if err := json.Unmarshal(claim.Settings, &found); err != nil {
		return nil, fmt.Errorf("read the settings of the group %s: %w", claim.Content, err)
	}
	return &found, nil
}
