package cgroup

import (
	"io/fs"
	"path/filepath"
	"slices"

	"pulumi-slipway/agent/api"
)

// A bounded setting is one of which, in version 1, a group cannot have more than the one above it: the kernel refuses it,
// where version 2 holds what was asked for and lets the smaller one count. So what is in a group is narrowed with it, gets
// back what it asked for when there is room again, and counts as having that meanwhile.
type bounded[T any] interface {
	// holds is what a group has now.
	holds(place) T
	// asks is what resources ask for, false where they say nothing of it.
	asks(*api.GroupResources) (T, bool)
	// inherits is what a group has that asks for nothing, in one that has something.
	inherits(above T) T
	// within is what it has of that which it asks for.
	within(asked, above T) T
	// both holds the one and the other.
	both(one, other T) T
	same(one, other T) bool
	// change goes from the one to the other; it may be asked for a group that is not there yet.
	change(p place, from, to T) []Setting
}

// allowed is what a group is to have of what is wanted.
func allowed[T any](k bounded[T], wanted *api.GroupResources, above T) T {
	if asked, ok := k.asks(wanted); ok {
		return k.within(asked, above)
	}
	return k.inherits(above)
}

// follow gives a group something else, and those in it what follows from that: on the way down all get the new beside the
// old, and on the way up the old goes.
func follow[T any](k bounded[T], p place, to T) []Setting {
	type step struct {
		place
		from, both, to T
	}
	steps := []step{{p, k.holds(p), to, to}}
	known := map[string]int{p.folder: 0}
	_ = filepath.WalkDir(p.folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || path == p.folder {
			return nil // One that has just gone needs nothing.
		}
		above, one := steps[known[filepath.Dir(path)]], p.at(path)
		now := k.holds(one)
		var next T
		switch wanted := p.wantedOf(entry.Name()); {
		case wanted != nil:
			next = allowed(k, wanted, above.to)
		case k.same(now, k.inherits(above.from)):
			next = k.inherits(above.to)
		default:
			// A container made it for itself.
			next = k.within(now, above.to)
		}
		known[path] = len(steps)
		steps = append(steps, step{one, now, next, next})
		return nil
	})
	var all []Setting
	for i := range steps {
		s := &steps[i]
		s.both = k.both(s.from, s.to)
		all = append(all, k.change(s.place, s.from, s.both)...)
	}
	for _, s := range slices.Backward(steps) {
		if !k.same(s.both, s.to) {
			all = append(all, k.change(s.place, s.both, s.to)...)
		}
	}
	return all
}
