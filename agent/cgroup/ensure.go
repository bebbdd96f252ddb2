package cgroup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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
	if g.whole(g.tree.at(path)) {
		return nil
	}
	all, err := g.store.Claims(store.Cgroups)
	if err != nil {
		return err
	}
	// From the top: version 1 refuses processors to a group that are not in the one above it.
	slices.SortFunc(all, func(a, b store.Claim) int { return len(a.Content) - len(b.Content) })
	for _, claim := range all {
		group := g.tree.at(claim.Content)
		if !strings.HasPrefix(path+"/", claim.Content+"/") || g.whole(group) {
			continue
		}
		known, err := keptOf(claim)
		if err != nil {
			return err
		}
		finish, err := g.begin(group)
		if err != nil {
			return err
		}
		if _, err = group.make(); err == nil {
			_, err = group.Change(known.Touched, &api.GroupResources{}, &known.Resources)
		}
		if err == nil {
			err = finish()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// begin marks a group that is about to be made. Whoever is killed between the making and the setting of limits leaves one
// that looks like any other, and what is put into it would have none.
func (g *Groups) begin(group Group) (finish func() error, err error) {
	mark := g.store.HalfMade(group.name)
	if err := os.WriteFile(mark, nil, 0o600); err != nil {
		return nil, fmt.Errorf("make a control group: %w", err)
	}
	return func() error {
		if err := os.Remove(mark); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("make a control group: %w", err)
		}
		return nil
	}, nil
}

// whole tells whether a group is in every hierarchy, with its limits.
func (g *Groups) whole(group Group) bool {
	_, err := os.Lstat(g.store.HalfMade(group.name))
	return errors.Is(err, fs.ErrNotExist) && group.whole()
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
		_, err := os.Lstat(g.Folder(h))
		made = made && err != nil
		if err := g.tree.makeAbove(h, filepath.Join(g.above, g.name)); err != nil {
			return made, err
		}
		if h.Version == 1 && h.has("devices") {
			if failed := devices.close(g.in(h)); failed != nil && err != nil {
				return made, failed
			}
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
