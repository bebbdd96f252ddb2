package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// Names are those of the settings that any of some resources say something of, beside some that are known.
func Names(known []string, all ...*api.GroupResources) []string {
	found := slices.Clone(known)
	for _, k := range knobs {
		if slices.ContainsFunc(all, k.isSet) && !slices.Contains(found, k.setting()) {
			found = append(found, k.setting())
		}
	}
	return found
}

// Change gives a group that is there what is wanted in place of what it had before, and takes away what it may hold besides.
// Where the kernel refuses any of it, the group gets back what it had. It answers the names of the settings that could not be
// put back and may hold either.
func (g Group) Change(besides []string, before, wanted *api.GroupResources) (left []string, err error) {
	touched := Names(besides, before, wanted)
	changes, err := g.prepare(touched, wanted)
	if err != nil {
		return besides, err
	}
	problem := carryOut(changes)
	if problem == nil {
		return nil, nil
	}
	changes, err = g.prepare(touched, before)
	if err == nil {
		if undone := carryOut(changes); undone != nil {
			err = errors.New(undone.Detail)
		}
	}
	if err != nil {
		problem.Detail += fmt.Sprintf(". What it had before could not be put back (%v), so that each of `%s` may hold the one or the other",
			err, strings.Join(touched, "`, `"))
		return touched, problem
	}
	problem.Detail += ". Nothing was changed"
	return nil, problem
}

// prepare says how to set what is wanted and to lift what else was touched.
func (g Group) prepare(touched []string, wanted *api.GroupResources) ([]change, error) {
	var changes []change
	for _, k := range knobs {
		h, ok := g.tree.with(k.controller())
		if !ok || !slices.Contains(touched, k.setting()) {
			continue
		}
		if k.isSet(wanted) {
			if err := g.join(h); err != nil {
				return nil, unwanted(k, err)
			}
		}
		settings, err := k.settings(g.in(h), wanted)
		if err != nil {
			return nil, unwanted(k, err)
		}
		changes = append(changes, change{knob: k, settings: settings})
	}
	return changes, nil
}

// carryOut tries what the kernel refuses once more after the rest, because some settings bound each other.
func carryOut(changes []change) *api.Problem {
	failed := apply(apply(changes))
	if len(failed) == 0 {
		return nil
	}
	problem := refused(failed[0])
	for _, f := range failed[1:] {
		problem.Detail += "; " + refused(f).Detail
	}
	return problem
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
	case errno == unix.EINVAL && c.knob.setting() == cpuBurst.setting():
		return "; it is at most the quota"
	case errno == unix.ENODEV:
		return "; there is no such device, or it is a partition: limits are those of whole disks"
	case errno == unix.ERANGE:
		return "; the kernel's bounds for it are narrower"
	}
	return ""
}
