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

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// Delete ends a claim on a group and removes the group with whatever runs in it that is no container's. Groups and
// containers below it have to go first.
func (g *Groups) Delete(ctx context.Context, incarnation string) error {
	slot, err := g.store.Hold(ctx, store.Cgroups, incarnation)
	if errors.Is(err, fs.ErrNotExist) {
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
	group := g.tree.at(claim.Content)
	below, err := g.below(claim.Content)
	if err != nil {
		return err
	}
	if len(below) > 0 {
		return &api.Problem{Code: api.CodeInUse, Step: "remove the control group", Object: group.Path(),
			Detail: fmt.Sprintf("the control group %s cannot be removed, because these are still in it: %s", group.Path(), strings.Join(below, ", "))}
	}
	if err := group.removeAll(ctx); err != nil {
		return err
	}
	if err := os.Remove(g.store.HalfMade(slot.ID)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove a control group: %w", err)
	}
	return slot.RemoveClaim(incarnation)
}

// below lists the owners of the groups and the containers in a group.
func (g *Groups) below(path string) ([]string, error) {
	claims, err := g.store.Claims(store.Cgroups)
	if err != nil {
		return nil, err
	}
	var found []string
	note := func(kind store.Kind, slot string) error {
		owner, err := g.store.Owner(kind, slot)
		found = append(found, owner)
		return err
	}
	for _, claim := range claims {
		if strings.HasPrefix(claim.Content, path+"/") {
			err = errors.Join(err, note(store.Cgroups, claim.Slot))
		}
	}
	containers, failed := g.tree.Containers()
	err = errors.Join(err, failed)
	for _, container := range containers {
		if !strings.HasPrefix(container.above+"/", path+"/") {
			continue
		}
		id, failed := g.store.FindContainer(container.name)
		if failed == nil {
			failed = note(store.Containers, id.Slot)
		}
		if !errors.Is(failed, fs.ErrNotExist) {
			err = errors.Join(err, failed)
		}
	}
	slices.Sort(found)
	return slices.Compact(found), err
}

// removeAll removes a group, and in it what a group that moved away has left.
func (g Group) removeAll(ctx context.Context) error {
	for _, h := range g.tree.Mounted {
		var inside []string
		err := filepath.WalkDir(g.Folder(h), func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err == nil && entry.IsDir() && path != g.Folder(h) {
				inside = append(inside, path)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("look what is in a control group: %w", err)
		}
		for _, path := range slices.Backward(inside) {
			above, err := filepath.Rel(filepath.Join(h.Mount, g.tree.Base), filepath.Dir(path))
			if err == nil {
				err = g.tree.Below(above, filepath.Base(path)).Remove(ctx)
			}
			if err != nil {
				return err
			}
		}
	}
	return g.Remove(ctx)
}

// rmdir removes a group that nothing is in.
func (g Group) rmdir() error {
	var all []error
	for _, h := range g.tree.Mounted {
		if err := os.Remove(g.Folder(h)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}

// Sweep removes what groups have left that moved, once nothing is in there any more, and puts back what changes that were
// cut off have begun.
func (g *Groups) Sweep(ctx context.Context) error {
	if err := g.undo(ctx); err != nil {
		return err
	}
	declared, err := g.declared()
	if err != nil {
		return err
	}
	for _, h := range g.tree.Mounted {
		root := filepath.Join(h.Mount, g.tree.Base)
		var left []string
		err := filepath.WalkDir(filepath.Join(root, declaredGroups), func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || !entry.IsDir() {
				return err
			}
			below, err := filepath.Rel(root, path)
			if !declared[below] && !incarnationForm.MatchString(entry.Name()) {
				left = append(left, path)
			}
			return err
		})
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		for _, path := range slices.Backward(left) {
			if err := g.sweepOne(root, path); err != nil {
				return err
			}
		}
	}
	return nil
}

// sweepOne removes a group that nobody declares, unless somebody is just about to. One that something is in stays until
// that has gone.
func (g *Groups) sweepOne(root, path string) error {
	lock, err := g.store.TryLock(store.SlotLock(store.Cgroups, filepath.Base(path)))
	if err != nil || lock == nil {
		return err
	}
	defer lock.Unlock()
	declared, err := g.declared()
	if err != nil {
		return err
	}
	if below, err := filepath.Rel(root, path); err != nil || declared[below] {
		return err
	}
	if err := unix.Rmdir(path); err != nil && err != unix.EBUSY && err != unix.ENOENT {
		return &fs.PathError{Op: "remove the control group", Path: path, Err: err}
	}
	return nil
}

// declared are the paths of all groups, with those above them.
func (g *Groups) declared() (map[string]bool, error) {
	claims, err := g.store.Claims(store.Cgroups)
	found := map[string]bool{declaredGroups: true}
	for _, claim := range claims {
		for path := claim.Content; path != "."; path = filepath.Dir(path) {
			found[path] = true
		}
	}
	return found, err
}
