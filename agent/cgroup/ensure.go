package cgroup

import (
	"os"
	"path/filepath"
	"strings"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// Ensure makes a group again that somebody removed, or that a reboot took away, and those above it.
func (g *Groups) Ensure(path string) error {
	if g.tree.at(path).whole() {
		return nil
	}
	all, err := g.store.Claims(store.Cgroups)
	if err != nil {
		return err
	}
	for _, claim := range all {
		if !strings.HasPrefix(path+"/", claim.Content+"/") {
			continue
		}
		settings, err := settingsOf(claim)
		if err != nil {
			return err
		}
		// Claims come in no order, but what is above is made with what is below, and has its settings when its turn comes.
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
