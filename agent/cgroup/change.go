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
func (g Group) prepare(touched []string, wanted *api.GroupResources) ([][]Setting, error) {
	var changes [][]Setting
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
		changes = append(changes, of(k, settings))
	}
	return changes, nil
}

// carryOut tries what the kernel refuses once more after the rest, because some settings bound each other.
func carryOut(changes [][]Setting) *api.Problem {
	again, _ := apply(changes)
	_, problems := apply(again)
	if len(problems) == 0 {
		return nil
	}
	first := problems[0]
	for _, other := range problems[1:] {
		first.Detail += "; " + other.Detail
	}
	return first
}

// apply answers the changes that were refused, and why.
func apply(changes [][]Setting) (refused [][]Setting, problems []*api.Problem) {
	for _, settings := range changes {
		for _, s := range settings {
			if err := s.write(); err != nil {
				refused, problems = append(refused, settings), append(problems, s.Refused(err))
				break
			}
		}
	}
	return refused, problems
}

// Refused is the problem of a setting that the kernel did not take.
func (s Setting) Refused(err error) *api.Problem {
	errno := unix.Errno(0)
	errors.As(err, &errno)
	what := ""
	if s.of != nil {
		what = s.of.name() + ": "
	}
	return &api.Problem{Code: api.CodeLimitUnsupported, Step: "write " + s.Value, Object: s.Path, Errno: int(errno),
		Detail: fmt.Sprintf("%swriting %s to %s: %v%s", what, s.Value, s.Path, cause(err), s.hint(errno))}
}

// cause is the error without the path, which the sentence has already.
func cause(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}

// hint says what can be done about it.
func (s Setting) hint(errno unix.Errno) string {
	if s.of == nil {
		return ""
	}
	switch controller := s.of.controller(); {
	case errno == unix.EBUSY && controller == "memory":
		return "; " + inUse(s.Path) + ", and the kernel could not take enough of that back: stop something in the group, or allow more"
	case errno == unix.EINVAL && controller == "devices":
		return "; control groups of version 1 begin and cease to restrict devices only while no other group is in this one: end the containers in it first"
	case errno == unix.EPERM && controller == "devices":
		return "; the group above does not allow it"
	case errno == unix.EINVAL && s.of.setting() == cpuBurst.setting():
		return "; it is at most the quota"
	case errno == unix.ENODEV:
		return "; there is no such device, or it is a partition: limits are those of whole disks"
	case errno == unix.ERANGE:
		return "; the kernel's bounds for it are narrower"
	}
	return ""
}
