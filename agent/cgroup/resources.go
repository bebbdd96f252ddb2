package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// Check refuses what this host cannot hold for the group, all of it at once. The group above it is there.
func (g Group) Check(wanted *api.GroupResources) error {
	if wanted == nil {
		return nil
	}
	problem := &api.Problem{Code: api.CodeLimitUnsupported}
	all := tooMany(wanted)
	for _, k := range knobs {
		if !k.isSet(wanted) {
			continue
		}
		if err := g.lacks(k); err != nil {
			all = append(all, fmt.Sprintf("%s: %v", k.name(), err))
			if problem.Step == "" {
				problem.Step, problem.Object = "look for the controller "+k.controller(), strings.Trim(k.name(), "`")
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	problem.Detail = strings.Join(all, "; ")
	return problem
}

// lacks says why the group cannot have a knob, nil where it can.
func (g Group) lacks(k knob) error {
	if reason := g.tree.refusal(k.controller()); reason != nil {
		return fmt.Errorf("the controller %s cannot be switched on: %w", k.controller(), reason)
	}
	h, ok := g.tree.with(k.controller())
	if !ok {
		return fmt.Errorf("no mounted control group hierarchy has the controller %s; it is missing in the kernel, or disabled on its command line", k.controller())
	}
	// The group above has every file that this one has or will have.
	sample := filepath.Join(h.Mount, g.tree.Base, g.above)
	if _, err := os.Lstat(sample); err != nil {
		return nil // Nobody has prepared it yet, and the kernel has the last word anyway.
	}
	return k.missing(place{sample, h.Version})
}

// Settings are what a new group needs: what version 1 does not give it by itself, and what is wanted.
func (g Group) Settings(wanted *api.GroupResources) ([]Setting, error) {
	var all []Setting
	for _, h := range g.Entered(wanted) {
		all = append(all, h.Inherited(g.Folder(h))...)
	}
	for _, k := range knobs {
		if h, ok := g.tree.with(k.controller()); ok && k.isSet(wanted) {
			settings, err := k.settings(g.in(h), wanted)
			if err != nil {
				return nil, unwanted(k, err)
			}
			all = append(all, settings...)
		}
	}
	return all, nil
}

func (g Group) in(h Hierarchy) place { return place{g.Folder(h), h.Version} }

// Read asks the kernel what it holds of that which is wanted.
func (g Group) Read(wanted *api.GroupResources) (*api.GroupResources, error) {
	found := &api.GroupResources{}
	for _, k := range knobs {
		h, ok := g.tree.with(k.controller())
		if !ok || !k.isSet(wanted) {
			continue
		}
		err := k.read(g.in(h), wanted, found)
		if errors.Is(err, fs.ErrNotExist) {
			// A group without the file is one whose controller could not be switched on; it holds nothing.
			if _, gone := os.Lstat(g.Folder(h)); gone == nil {
				continue
			}
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", k.name(), err)
		}
	}
	return found, nil
}

// Change gives a group that is there what is wanted, and takes away what was wanted before and is not any more. What the
// kernel refuses is tried once more after the rest, because some settings bound each other. What is still refused is a
// problem that says which settings hold.
func (g Group) Change(before, wanted *api.GroupResources) error {
	var changes []change
	for _, k := range knobs {
		h, ok := g.tree.with(k.controller())
		if !ok || !k.isSet(before) && !k.isSet(wanted) {
			continue
		}
		if k.isSet(wanted) {
			if err := g.join(h); err != nil {
				return unwanted(k, err)
			}
		}
		settings, err := k.settings(g.in(h), wanted)
		if err != nil {
			return unwanted(k, err)
		}
		changes = append(changes, change{knob: k, settings: settings})
	}
	failed := apply(apply(changes))
	if len(failed) == 0 {
		return nil
	}
	return partly(changes, failed)
}

// change is a knob on its way to another value.
type change struct {
	knob     knob
	settings []Setting
	refused  Setting
	err      error
}

// apply answers the changes that were refused.
func apply(changes []change) []change {
	var failed []change
	for _, c := range changes {
		c.err = nil
		for _, s := range c.settings {
			if c.err = s.write(); c.err != nil {
				c.refused = s
				break
			}
		}
		if c.err != nil {
			failed = append(failed, c)
		}
	}
	return failed
}

// partly is the problem of changes of which some failed.
func partly(all, failed []change) error {
	problem := refused(failed[0])
	for _, f := range failed[1:] {
		problem.Detail += "; " + refused(f).Detail
	}
	var hold []string
	for _, c := range all {
		fails := false
		for _, f := range failed {
			fails = fails || f.knob.name() == c.knob.name()
		}
		if !fails {
			hold = append(hold, c.knob.name())
		}
	}
	if len(hold) > 0 {
		problem.Detail += ". In force are " + strings.Join(hold, ", ")
	}
	return problem
}

// refused is the problem for a setting the kernel did not take.
func refused(c change) *api.Problem {
	errno := unix.Errno(0)
	errors.As(c.err, &errno)
	return &api.Problem{Code: api.CodeLimitUnsupported, Step: "write " + c.refused.Value, Object: c.refused.Path, Errno: int(errno),
		Detail: fmt.Sprintf("%s: writing %s to %s: %v%s", c.knob.name(), c.refused.Value, c.refused.Path, cause(c.err), hint(c, errno))}
}

// cause is the error without the path, which the sentence has already.
func cause(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}

// hint says what can be done about it.
func hint(c change, errno unix.Errno) string {
	switch {
	case errno == unix.EBUSY && c.knob.controller() == "memory":
		return "; " + inUse(c.refused.Path) + ", and the kernel could not take enough of that back: stop something in the group, or allow more"
	case errno == unix.EINVAL && c.knob.controller() == "devices":
		return "; control groups of version 1 begin and cease to restrict devices only while no other group is in this one: end the containers in it first"
	case errno == unix.EPERM && c.knob.controller() == "devices":
		return "; the group above does not allow it"
	case errno == unix.EBUSY && c.knob.controller() == "cpuset":
		return "; a group in this one has more of them, which control groups of version 1 do not take away: end the containers in it first, or use a host with version 2"
	case errno == unix.ENODEV:
		return "; there is no such device, or it is a partition: limits are those of whole disks"
	case errno == unix.ERANGE:
		return "; the kernel's bounds for it are narrower"
	}
	return ""
}

func unwanted(k knob, err error) error {
	return &api.Problem{Code: api.CodeLimitUnsupported, Object: strings.Trim(k.name(), "`"), Detail: fmt.Sprintf("%s: %v", k.name(), err)}
}
