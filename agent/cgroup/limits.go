package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// Limits of a container; a field is 0 where there is none.
type Limits struct {
	Memory    int64   // bytes
	CPUs      float64 // cores
	PidsLimit int64   // tasks
}

// Setting is one value to be written into a file of a group.
type Setting struct {
	Path, Value string
	// Optional settings are left out where the kernel does not have the file.
	Optional bool
}

// knob is one limit: where it lives and how it is said. One file each: memory.go, cpu.go, pids.go.
type knob struct {
	argument, controller string
	// isSet tells whether the limit is wanted.
	isSet func(Limits) bool
	// settings says it in the words of a version; without a limit, those that lift it.
	settings func(folder string, version int, l Limits) []Setting
	// lower makes the kernel ready for a limit on a group in use, nil where it needs nothing. It refuses one that would
	// harm what runs.
	lower func(folder string, version int, l Limits) error
	// read asks the kernel, and answers what was wanted where that is what the kernel holds, because it rounds.
	read func(folder string, version int, wanted Limits, into *api.ContainerLimits) error
}

var knobs = []knob{memory, cpu, pids}

// Check refuses limits that this host cannot hold.
func (t *Tree) Check(l Limits) error {
	for _, k := range knobs {
		if !k.isSet(l) {
			continue
		}
		if reason := t.refusal(k.controller); reason != nil {
			return &api.Problem{Code: api.CodeLimitUnsupported, Step: "switch on the controller " + k.controller, Object: k.argument,
				Detail: fmt.Sprintf("`%s`: the controller %s cannot be switched on: %v", k.argument, k.controller, reason)}
		}
		if _, ok := t.with(k.controller); !ok {
			return &api.Problem{Code: api.CodeLimitUnsupported, Step: "find the controller " + k.controller, Object: k.argument,
				Detail: fmt.Sprintf("`%s`: no mounted control group hierarchy has the controller %s; it is missing in the kernel, or disabled on its command line", k.argument, k.controller)}
		}
	}
	return nil
}

// Settings are what a new group needs: what cpuset inherits, and the limits.
func (g Group) Settings(l Limits) []Setting {
	var all []Setting
	for _, h := range g.tree.Entered {
		all = append(all, h.Inherited(g.Folder(h))...)
	}
	for _, k := range knobs {
		if h, ok := g.tree.with(k.controller); ok && k.isSet(l) {
			all = append(all, k.settings(g.Folder(h), h.Version, l)...)
		}
	}
	return all
}

// Change gives a group that exists other limits.
func (g Group) Change(from, to Limits) error {
	if err := g.tree.Check(to); err != nil {
		return err
	}
	for _, k := range knobs {
		h, ok := g.tree.with(k.controller)
		if !ok || !k.isSet(from) && !k.isSet(to) {
			continue
		}
		settings := k.settings(g.Folder(h), h.Version, to)
		if k.lower != nil {
			if err := k.lower(g.Folder(h), h.Version, to); err != nil {
				return Refused(k.argument, settings[0].Path, settings[0].Value, err)
			}
		}
		for _, s := range settings {
			if err := s.write(); err != nil {
				return Refused(k.argument, s.Path, s.Value, err)
			}
		}
	}
	return nil
}

func (s Setting) write() error {
	err := write(s.Path, s.Value)
	if s.Optional && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// write writes a file of a control group. It never asks to make it: the kernel would say "permission denied" where it
// means that there is no such file.
func write(path, value string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(value)
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}

// Refused is the problem for a limit the kernel did not take.
func Refused(argument, path, value string, err error) error {
	errno := unix.Errno(0)
	errors.As(err, &errno)
	hint := ""
	if errno == unix.EBUSY {
		hint = "; the container uses more than that now, and the kernel could not take enough back"
	}
	return &api.Problem{Code: api.CodeLimitUnsupported, Step: "write " + value, Object: path, Errno: int(errno),
		Detail: fmt.Sprintf("`%s`: writing %s to %s: %v%s", argument, value, path, errno, hint)}
}

// Read asks the kernel which limits it holds for the group, given those that were wanted.
func (g Group) Read(wanted Limits) (*api.ContainerLimits, error) {
	held := &api.ContainerLimits{}
	for _, k := range knobs {
		h, ok := g.tree.with(k.controller)
		if !ok {
			continue
		}
		err := k.read(g.Folder(h), h.Version, wanted, held)
		if errors.Is(err, fs.ErrNotExist) {
			// A group without the file is one whose controller could not be switched on; it has no such limit.
			if _, gone := os.Lstat(g.Folder(h)); gone == nil {
				continue
			}
		}
		if err != nil {
			return nil, fmt.Errorf("read the limit `%s`: %w", k.argument, err)
		}
	}
	return held, nil
}
