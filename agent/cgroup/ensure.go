package cgroup

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// makingLock is held by whoever makes groups again.
const makingLock = "making-cgroups"

// Ensure makes a group again that somebody removed, or that a reboot took away, and those above it.
func (g *Groups) Ensure(ctx context.Context, path string) error {
	// One that is half made has no limits yet, and whatever got into it would keep them from being set.
	lock, err := g.store.Lock(ctx, makingLock)
	if err != nil {
		return err
	}
	defer lock.Unlock()
	if g.tree.at(path).whole() {
		return nil
	}
	all, err := g.store.Claims(store.Cgroups)
	if err != nil {
		return err
	}
	// From the top: version 1 refuses devices and processors to a group that has others in it already.
	slices.SortFunc(all, func(a, b store.Claim) int { return len(a.Content) - len(b.Content) })
	for _, claim := range all {
		if !strings.HasPrefix(path+"/", claim.Content+"/") {
			continue
		}
		settings, err := settingsOf(claim)
		if err != nil {
			return err
		}
		group := g.tree.at(claim.Content)
		if _, err := group.make(); err != nil {
			return err
		}
		if err := group.Change(&api.GroupResources{}, settings); err != nil {
			return err
		}
	}
	return nil
}

// Below is the group of a container in the one that a reference means.
func (g *Groups) Below(reference api.Reference, incarnation string) (Group, error) {
	claim, err := g.store.Referred(store.Cgroups, reference)
	if err != nil {
		return Group{}, err
	}
	return g.tree.Below(claim.Content, incarnation), nil
}

// at is the group with a path below our base.
func (t *Tree) at(path string) Group { return t.Below(filepath.Dir(path), filepath.Base(path)) }

// make makes a group in every hierarchy, and tells whether there was none before.
func (g Group) make() (made bool, err error) {
	made = true
	for _, h := range g.Entered(nil) {
		if _, err := os.Lstat(g.Folder(h)); err == nil {
			made = false
		}
		if err := g.tree.makeAbove(h, filepath.Join(g.above, g.name)); err != nil {
			return made, err
		}
	}
	return made, nil
}

// whole tells whether a group is in every hierarchy.
func (g Group) whole() bool {
	for _, h := range g.Entered(nil) {
		if _, err := os.Lstat(g.Folder(h)); err != nil {
			return false
		}
	}
	return true
}
