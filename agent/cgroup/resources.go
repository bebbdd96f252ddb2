package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"pulumi-slipway/agent/api"
)

// Check refuses what this host cannot hold for the group, all of it at once. The group above it is there.
func (g Group) Check(wanted *api.GroupResources) error {
	if wanted == nil {
		return nil
	}
	problem := &api.Problem{Code: api.CodeLimitUnsupported}
	var all []string
	for _, k := range knobs {
		if !k.isSet(wanted) {
			continue
		}
		if err := g.lacks(k, wanted); err != nil {
			all = append(all, fmt.Sprintf("%s: %v", k.name(), err))
			if problem.Step == "" {
				problem.Step, problem.Object = "look for the controller "+k.controller(), k.setting()
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	problem.Detail = strings.Join(all, "; ")
	return problem
}

// lacks says why the group cannot have what is wanted of a knob, nil where it can.
func (g Group) lacks(k knob, wanted *api.GroupResources) error {
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
	return k.missing(place{folder: sample, version: h.Version}, wanted)
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
			all = append(all, of(k, settings)...)
		}
	}
	return all, nil
}

func (g Group) in(h Hierarchy) place {
	p := place{folder: g.Folder(h), version: h.Version}
	if g.declared() {
		p.wanted = g.tree.wanted
	}
	return p
}

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

func unwanted(k knob, err error) error {
	return &api.Problem{Code: api.CodeLimitUnsupported, Object: k.setting(), Detail: fmt.Sprintf("%s: %v", k.name(), err)}
}
